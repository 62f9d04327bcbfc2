"""Importers and exporters: courses and people that come from, or go to, other systems."""
