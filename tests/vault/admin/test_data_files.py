"""What a form says of a file that is refused: how many problems it has, and which of them are shown."""

import pytest
from django import forms

from vault.admin import data_files
from vault.errors import InvalidFileError


class FileForm(forms.Form):
    file = forms.FileField()


@pytest.mark.parametrize(
    ("n_problems", "heading"),
    [(2, "Problems of the file (2)"), (18, "The first 10 of 18 problems")],
)
def test_more_problems_than_are_shown_are_counted(n_problems: int, heading: str) -> None:
    named = [
        {"row": row, "column": "label", "problem": "the field is empty"}
        for row in range(2, 2 + min(n_problems, 10))
    ]
    form = FileForm({})
    error = InvalidFileError("the file breaks rules", problems=named, n_problems=n_problems)

    (table,) = data_files.refuse(form, error)

    assert table.heading == heading
    assert list(table.rows[0]) == [2, "label", "the field is empty"]
    assert "The file breaks rules." in form.errors["file"]
