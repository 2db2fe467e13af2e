"""Who comes for whom: seats of organisations, substitutes, guests, and the answers per organisation."""
