"""A year with a benchmark, through the admin's forms and the API alone; docs/a-year.md tells it to organizers."""
