"""Moderation: reports of posts, and what a group's leaders do about them, each with a reason that the person sees."""
