"""Idag, group pages and the unified search."""
