"""Minutes: written during the meeting, adjusted, sealed and exported."""
