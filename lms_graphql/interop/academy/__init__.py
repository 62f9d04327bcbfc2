"""The academy: a small LMS with six tables, read from its own database."""
