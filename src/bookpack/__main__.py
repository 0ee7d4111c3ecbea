"""`python -m bookpack` is the `bookpack` command."""

from bookpack.cli import main

main()
