"""What can be learnt: domains, subjects, courses, their prerequisites and their offerings."""
