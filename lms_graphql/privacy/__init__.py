"""Personal data: what is told about a person, what is erased of them, who has seen their record."""
