"""Templates of modules and items: made once, used in many courses, and brought up to date there."""
