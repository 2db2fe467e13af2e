"""What material and threads are about: one list of topics for all of the portal."""
