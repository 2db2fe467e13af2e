"""Many materials at once: what a CSV says of the files of a folder, and packages that another instance takes in."""
