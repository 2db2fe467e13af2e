"""Reacting to a post: a small fixed set."""
