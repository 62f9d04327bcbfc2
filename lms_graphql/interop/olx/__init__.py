"""Courses in OLX, the export format of Open edX: from the bytes of a package to an `ImportedCourse`."""
