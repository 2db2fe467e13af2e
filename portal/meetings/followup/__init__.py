"""What follows from meetings: decisions and actions."""
