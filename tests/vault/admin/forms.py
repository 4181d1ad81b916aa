"""What a browser sends of a form that a page shows."""

from typing import Any


def filled_in(answer: Any) -> dict[str, list[str]]:
    """Every field as it is shown."""
    sent: dict[str, list[str]] = {}
    for bound in answer.context["form"]:
        value, widget = bound.value(), bound.field.widget
        if hasattr(widget, "decompress"):
            for number, part in enumerate(widget.decompress(value)):
                sent[f"{bound.html_name}_{number}"] = [str(part)]
        elif isinstance(value, bool):
            sent |= {bound.html_name: ["on"]} if value else {}
        elif isinstance(value, list):
            sent[bound.html_name] = [str(getattr(each, "pk", each)) for each in value]
        elif value is not None:
            sent[bound.html_name] = [str(getattr(value, "pk", value))]
    return sent
