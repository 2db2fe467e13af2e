"""Collections: materials of one matter in an order of their own, such as a manual, a campaign or a course."""
