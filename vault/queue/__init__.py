"""Whose work a submission is: messages to workers, leases, and the sweeper that finds what was lost."""
