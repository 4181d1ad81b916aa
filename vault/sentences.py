"""How a sentence that people read begins, wherever the parts that it is made of come from."""


def begun(text: str) -> str:
    """Begin with a capital letter; the name of a field in front keeps its own.

    The domain's messages begin small, as they also stand in the middle of sentences.
    """
    first = text.partition(" ")[0]
    is_name = "_" in first or first.endswith(":")
    return text if is_name else text[:1].upper() + text[1:]


def whole(text: str) -> str:
    """Begin with a capital letter and end with a full stop, as an admin's page writes."""
    return f"{begun(text).rstrip('.')}." if text else ""
