"""Answering a post by answering the mail about it."""
