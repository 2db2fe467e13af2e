"""The demo network: invented people of real organisations, loaded by `flask --app wsgi demo load`. Never in production."""
