"""Date polls: which day suits whom, before there is a meeting."""
