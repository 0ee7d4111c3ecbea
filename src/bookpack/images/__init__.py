"""Pictures as words."""
