"""Labels: read, reported on, drawn into holdouts, encrypted, and opened where that is allowed."""
