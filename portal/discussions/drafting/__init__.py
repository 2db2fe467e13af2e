"""Half-written posts, on all devices of who writes them."""
