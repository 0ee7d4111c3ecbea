"""Conventions of ordering chapters and making addresses, one file for each; see `registry`."""
