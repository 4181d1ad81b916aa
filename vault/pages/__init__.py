"""Pages for people, from what the API shows."""
