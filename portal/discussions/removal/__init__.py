"""Taking a post out of its thread: deleted by its author, hidden or deleted by whoever leads the group; a trace stays."""
