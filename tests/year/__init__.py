"""A year with a benchmark, through the admin's forms and the API alone, as docs/a-year.md tells it."""
