"""Teams: their tokens with one-time links, and many of them from one CSV."""
