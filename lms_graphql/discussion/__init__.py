"""Threads and posts."""
