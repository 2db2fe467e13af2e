"""Signing in through one's own organisation."""
