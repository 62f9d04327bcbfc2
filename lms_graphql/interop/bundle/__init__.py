"""A course as one archive, out and in."""
