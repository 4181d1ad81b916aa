"""Fingerprints: traces that ways of using a leaderboard leave. They explain a verdict and never make one."""
