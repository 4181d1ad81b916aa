"""A CSV or Parquet file in a form: its type by its name, its size, and what is wrong with its rows."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from vault.admin.pages import NOTHING, Table, add_error
from vault.errors import InvalidFileError, VaultError
from vault.files.parsing import CONTENT_TYPES


class DataFileField(forms.FileField):
    """Refuses by the name and the size alone; nothing is read yet."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and PurePath(file.name).suffix.lower() not in CONTENT_TYPES:
            raise ValidationError(
                "The name must end in .csv or .parquet. A workbook is saved as CSV first (in Excel: Save As, "
                "CSV UTF-8)."
            )
        if file and file.size > settings.MAX_UPLOAD_BYTES:
            largest = filesizeformat(settings.MAX_UPLOAD_BYTES)
            raise ValidationError(f"The file is larger than {largest}.")
        return file


def content_type(file: "UploadedFile[Any]") -> str:
    return CONTENT_TYPES[PurePath(file.name or "").suffix.lower()]


def refuse(form: forms.Form, error: VaultError) -> list[Table]:
    """Mark a refusal of the domain; of a file that breaks a rule, list the rows that are named."""
    if not isinstance(error, InvalidFileError):
        add_error(form, error)
        return []
    field = error.data.get("field", "file")
    add_error(form, error, field=field)
    named = error.data["problems"]
    n = error.data["n_problems"]
    heading = (
        f"Problems of the {field} ({n})"
        if n <= len(named)
        else f"The first {len(named)} of {n} problems"
    )
    rows = [(each["row"] or NOTHING, each["column"] or NOTHING, each["problem"]) for each in named]
    return [Table(heading=heading, header=("Row", "Column", "Problem"), rows=rows)]
