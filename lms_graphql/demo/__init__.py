"""A small university to try everything on; everything in it is made up."""
