"""Links to other sites: asked politely, in parallel, and only by `bookpack check --external`."""
