"""What administrators of the platform see of all universities."""
