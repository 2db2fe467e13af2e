"""Searches that people keep: run again, told of, read as a feed; and the words that mean the same."""
