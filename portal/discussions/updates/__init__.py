"""What an organisation tells: its updates from all threads, newest first, one of them pinned."""
