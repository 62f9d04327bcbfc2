"""Who takes part in which offering."""
