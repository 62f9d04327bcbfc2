"""Questions in QTI 2.1, in and out."""
