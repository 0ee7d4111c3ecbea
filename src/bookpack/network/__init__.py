"""The one door to other sites: addresses in one form, one polite request at a time."""
