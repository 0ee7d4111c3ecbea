"""What can be said against a whole book: its chapters, its titles, its prose."""
