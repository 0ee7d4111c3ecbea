"""Text → chapters with exact spans. Alone in importing pyromark."""
