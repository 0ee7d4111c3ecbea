"""The desks where authors and editors work: reports and loops around a book, never its editions."""
