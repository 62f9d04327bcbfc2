"""Course reviews."""
