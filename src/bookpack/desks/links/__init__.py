"""The link desk: who refers to whom in a book, what is balanced, missing, or elsewhere."""
