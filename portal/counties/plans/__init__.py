"""Regional cooperation plans: the common template, a plan for each county, its editions."""
