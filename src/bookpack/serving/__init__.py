"""`bookpack serve`: the web edition on this machine, made anew whenever the book changes.

`watch` sees that something changed, `preview` makes the site in memory, `page` puts the findings
on the pages that they belong to, and `server` answers browsers on this machine and nobody else.
"""
