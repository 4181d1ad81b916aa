"""Text that a spreadsheet would calculate is made text."""

import pytest

from vault.files.spreadsheet_cells import as_text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_begins_a_formula_is_text(start: str) -> None:
    assert as_text(f"{start}1") == f"'{start}1"
    assert as_text(f"1{start}1") == f"1{start}1"
