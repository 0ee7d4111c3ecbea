"""The review in a browser on this machine: the same desk, for those who do not live in a terminal.

`queue` is read first: what the page is told and what it may ask for. `pictures` puts descriptions
into that queue, `app` gives both addresses, `guard` decides who is answered, `server` listens.
The page in `static` is filled from JSON as plain text, never as markup.
"""
