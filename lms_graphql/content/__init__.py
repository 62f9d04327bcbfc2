"""Learning content: assets, polymorphic content items and their typed payloads."""
