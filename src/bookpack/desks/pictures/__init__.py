"""The picture desk: the pictures of a book, their descriptions, and what is wrong with them."""
