"""A thread as a file."""
