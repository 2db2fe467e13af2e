"""Changing one's own post, and what it said before."""
