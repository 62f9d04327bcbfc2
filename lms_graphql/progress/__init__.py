"""How far a person has come in an offering."""
