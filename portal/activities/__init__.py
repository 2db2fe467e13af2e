"""What is done together: campaigns, training, spreading material, inspection weeks."""
