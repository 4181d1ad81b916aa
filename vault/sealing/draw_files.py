"""The published file of a draw, as everybody may read it. It carries no cipher."""

import json
from typing import Any

from vault.files import content_files
from vault.models import DisclosedDraw


def read(*, disclosed: DisclosedDraw) -> dict[str, Any]:
    """Read the seed, the shards and the report."""
    found: dict[str, Any] = json.loads(content_files.load(file_key=disclosed.file_key))
    return found
