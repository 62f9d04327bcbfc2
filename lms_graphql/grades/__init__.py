"""Course grades."""
