"""What a reader may do with a post: asked for when its menu is opened, so that posts are the same bytes for everybody."""
