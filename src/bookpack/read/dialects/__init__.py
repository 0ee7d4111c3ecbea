"""What is not plain Markdown in the chapters of a convention, made plain: one file for each.

A dialect is a class with `translate` and `labels` (see `layouts.base.Dialect`).
"""
