"""The web edition: a folder of static pages at exactly the addresses that the pack cites."""
