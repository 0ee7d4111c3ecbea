"""What leaves the house. A writer gives `{path: bytes}`; nothing is written here."""
