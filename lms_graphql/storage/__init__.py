"""What speaks to PostgreSQL, and knows no GraphQL."""
