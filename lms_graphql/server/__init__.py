"""What speaks HTTP, and knows no LMS."""
