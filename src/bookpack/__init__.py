"""bookpack: a compiler for books in the age of language models."""

__version__ = "0.1.0"
