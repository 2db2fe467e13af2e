"""Help for whoever writes: what it will look like, what another said, whom one can name."""
