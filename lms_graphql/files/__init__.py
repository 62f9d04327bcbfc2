"""Files that people send: promised, stored, and then part of what they were sent for."""
