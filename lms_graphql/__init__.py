"""One GraphQL API for a multi-tenant university LMS over PostgreSQL."""
