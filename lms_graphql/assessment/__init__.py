"""Quiz attempts and lab submissions."""
