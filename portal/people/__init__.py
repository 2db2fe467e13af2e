"""Organisations, people, groups and memberships."""
