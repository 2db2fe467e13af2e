"""Threads and posts of a group, live."""
