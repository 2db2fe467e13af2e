"""Meetings from plan to minutes."""
