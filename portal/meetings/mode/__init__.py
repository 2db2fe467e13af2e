"""Meeting mode: the meeting while it is held."""
