"""Whose work a submission is: a bell for the workers, leases, and the sweeper that finds what was lost."""
