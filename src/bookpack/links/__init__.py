"""Where links lead: targets → absolute addresses."""
