"""A form's field for JSON that people type, or paste."""

from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput


class TypedJSONField(forms.JSONField):
    """Refuses whatever cannot be read, with too many digits or brackets, too; Django reads on and fails."""

    def prepare_value(self, value: Any) -> Any:
        """Leave a field empty that holds nothing, where Django writes `null`."""
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            message = self.error_messages["invalid"]
            raise forms.ValidationError(message, code="invalid", params={"value": ""}) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Read again for the form that comes back."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)
