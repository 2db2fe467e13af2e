"""Material: files, their text, and who may read them."""
