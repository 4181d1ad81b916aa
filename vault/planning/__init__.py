"""Before a round is planned: what its plan may say, and what the round would show, tell and find."""
