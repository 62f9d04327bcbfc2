"""The module tree of a course and the templates it may be made from."""
