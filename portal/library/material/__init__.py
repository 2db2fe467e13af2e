"""A material: what it is, whether it holds, who reads it and where it is used."""
