"""What staff ask about all learners of a university: counts and averages."""
