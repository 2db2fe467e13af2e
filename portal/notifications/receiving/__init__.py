"""Mail that comes in: one intake, and the readers to whom it goes by the address it was sent to."""
