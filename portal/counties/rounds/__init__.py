"""Situation reports: a round of questions before a meeting, answered by every county board."""
