"""The national picture: what every county reports, plans and offers, and whom to call there."""
