"""Dates and times as ISO 8601 writes them; Django's own for `en` are a country's."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "Y-m-d H:i:s"
