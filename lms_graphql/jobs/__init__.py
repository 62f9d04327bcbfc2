"""Work that is done behind an answer, in steps that can be seen and that survive a crash."""
