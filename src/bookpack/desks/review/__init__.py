"""The room in which people decide on suggestions: shared by the desks for links and grammar."""
