"""The web edition: a folder of static pages at exactly the addresses that the pack cites.

`site` says what the site is made of, `body` renders a chapter from the events that reading gave,
`pages` and `theme` put pages around it, and `write` decides what has to be written again. What
else belongs to a site (search, feeds, files for machines) is a `site.Contribution` each.
"""
