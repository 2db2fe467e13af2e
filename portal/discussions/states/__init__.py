"""What becomes of a thread: pinned, closed, answered, supported, moved, split."""
