"""Files on their way in: sent in pieces, read, shown to the one who sent them, and then added."""
