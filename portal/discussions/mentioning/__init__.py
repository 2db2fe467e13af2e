"""Naming people, organisations and the group in a post: only those who can read it."""
