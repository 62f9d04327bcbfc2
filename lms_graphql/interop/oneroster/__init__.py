"""Rosters in OneRoster 1.2 CSV, in and out."""
