"""Cells of CSV files that people open in spreadsheets, which run text as formulas (OWASP, CSV injection)."""

# What a formula begins with, in full width too; of white space, what spreadsheets skip before it.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_text(cell: str) -> str:
    """Put an apostrophe before what would be taken for a formula, which makes it text there."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
