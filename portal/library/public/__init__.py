"""What of the library is open to anybody: links that need no sign-in, their pages, and the open-data catalogue."""
