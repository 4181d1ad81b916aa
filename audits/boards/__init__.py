"""Audits of boards that are not ours, from what they published: no service, no database, no labels."""
