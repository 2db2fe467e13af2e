"""Series: meetings that belong together, what each begins with, and their years."""
