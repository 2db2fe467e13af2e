"""Pictures of material: what its first page looks like, made by the worker."""
