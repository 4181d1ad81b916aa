"""People in the admin: their accounts, their groups, and how often a password may be guessed."""
