"""What became of each notice on its way: sent, refused, bounced, withheld; and which addresses no longer work."""
