"""Following: what of a group's talk a person wishes to be told."""
