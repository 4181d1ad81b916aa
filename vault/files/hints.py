"""What to do about a file that was refused: what the usual programs write by default, and how else.

Nothing is accepted because of a hint. Each is a sentence for the end of a message, empty if there is none.
"""

from collections.abc import Sequence

from vault.files.pandas_index import UNNAMED

_LISTED = 10
_MAX_CLASS = 30
_FROM_EXCEL = (
    "save the sheet as CSV in UTF-8 (in Excel: Save As, CSV UTF-8; "
    "in pandas: read_excel(FILE).to_csv(OUT, index=False))"
)
_MAGIC = {
    b"PK\x03\x04": "this is an Excel workbook or another ZIP archive; " + _FROM_EXCEL,
    b"\xd0\xcf\x11\xe0": "this is an Excel workbook; " + _FROM_EXCEL,
    b"\x1f\x8b": "the file is compressed with gzip; send it unpacked, or to the API with "
    "Content-Encoding: gzip",
    b"BZh": "the file is compressed with bzip2; send it unpacked",
    b"\xfd7zXZ\x00": "the file is compressed with xz; send it unpacked",
    b"\x28\xb5\x2f\xfd": "the file is compressed with zstd; send it unpacked",
}
_PARQUET = b"PAR1"
_WIDE = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
# What stands above a column of row names: R and pandas, pandas after reading such a file, R after that.
_ROW_INDEX = ("", "Unnamed: 0", "index", "rownames", "X")
_NO_ROW_INDEX = "write the file without row names: pandas index=False, R row.names=FALSE"
# What a label file may have beside id and label.
_OF_LABELS = ("time", "group")
_SLICE = "slice:"
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def of_bytes(body: bytes) -> str:
    """Hint at a file that is neither CSV nor Parquet, whatever it was called."""
    return next((hint for magic, hint in _MAGIC.items() if body.startswith(magic)), "")


def of_csv(body: bytes) -> str:
    """Hint at a file that is no text in UTF-8."""
    if body.startswith(_PARQUET):
        return (
            "this is a Parquet file; send it as application/vnd.apache.parquet or name it .parquet"
        )
    wide = next((name for mark, name in _WIDE.items() if body.startswith(mark)), "")
    if not wide and (body[1:4:2] == b"\0\0" or body[0:4:2] == b"\0\0"):
        wide = "UTF-16"
    if wide:
        return f"the text is {wide}, not UTF-8; save it as UTF-8 (PowerShell: -Encoding utf8)"
    return of_bytes(body)


def of_parquet(body: bytes) -> str:
    """Hint at a file that is not Parquet."""
    if body.startswith(_PARQUET):
        return "its end is missing or damaged; write it again"
    is_line = b"," in body[:200] and b"\x00" not in body[:200]
    return "if it is CSV, send it as text/csv" if is_line else of_bytes(body)


def of_label_file(names: Sequence[str]) -> str:
    """Hint at columns that only a label file has, where predictions are asked for."""
    others = [name for name in names if name in _OF_LABELS or name.startswith(_SLICE)]
    if not others:
        return ""
    return (
        f"{', '.join(others[:_LISTED])}: this looks like a label file, which is sealed and never handed in; "
        "hand in predictions"
    )


def of_names(names: Sequence[str], expected: Sequence[str]) -> str:
    """Hint at columns that are not what they must be."""
    others = [name for name in names[1:] if not name.startswith(UNNAMED)]
    if names and names[0] in _ROW_INDEX and "id" in others:
        return f"the first column is a row index; {_NO_ROW_INDEX}"
    if any(name.startswith(UNNAMED) for name in names) and "id" in names:
        return f"the last column is a row index; {_NO_ROW_INDEX}"
    if names and names[0] in _ROW_INDEX and list(names[1:]) == list(expected[1:]):
        return "call the first column id (pandas index_label='id')"
    return _of_spelling(names, expected)


def _of_spelling(names: Sequence[str], expected: Sequence[str]) -> str:
    for separator, called in _SEPARATORS.items() if len(names) == 1 else ():
        if separator in names[0]:
            return (
                f"the fields are separated by {called}: separate them by commas and write numbers "
                "with a decimal point (pandas sep=',', decimal='.'; R write.csv)"
            )
    if sorted(names) == sorted(expected):
        return "write the columns in this order"
    if [name.strip().casefold() for name in names] == [name.casefold() for name in expected]:
        return "write the names exactly so, without spaces around them"
    if not any(name.strip().isidentifier() for name in names):
        return "the first row must name the columns"
    return ""


def of_fields(n_fields: int, n_expected: int, *, has_numbers: bool) -> str:
    """Hint at a line that has more fields than the header."""
    if n_fields <= n_expected:
        return ""
    row_names = (
        f"if a row name stands in front, {_NO_ROW_INDEX}" if n_fields == n_expected + 1 else ""
    )
    point = "write numbers with a decimal point, 0.5 and not 0,5" if has_numbers else ""
    return "; ".join(hint for hint in (point, row_names) if hint)


def of_number(text: str) -> str:
    """Hint at a field that is not a number."""
    if text.count(",") == 1 and text.replace(",", "").lstrip("+-").isdecimal():
        return "write a decimal point, not a comma"
    return ""


def classes(names: Sequence[str]) -> str:
    """List the classes for a message, as many as can be read."""
    cut = [name if len(name) <= _MAX_CLASS else name[:_MAX_CLASS] + "…" for name in names]
    more = f", … ({len(names)} in all)" if len(names) > _LISTED else ""
    return ", ".join(cut[:_LISTED]) + more


def of_label(text: str, names: Sequence[str], *, booleans: tuple[str, str]) -> str:
    """Name the class that a field may mean, if it is written in another way."""
    plain = text.strip()
    meant = [plain, plain.removesuffix(".0"), plain.lstrip("0") or plain[:1]]
    meant += [name for name in names if name.casefold() == plain.casefold()]
    if plain.casefold() in ("false", "true"):
        meant.append(booleans[plain.casefold() == "true"])
    return next((f"write {name}" for name in meant if name in names), "")
