"""A member of what is published is declared before it is written, with what it tells."""

import pytest

from audits.published_fields import PublishedField, PublishedShape, score
from vault.api.openapi import schemas
from vault.api.representations.shape import By


def test_a_member_is_declared_with_what_it_tells_before_it_is_written() -> None:
    """So no field can be published that the description or the ledger does not know."""
    with pytest.raises(TypeError, match="tells"):
        PublishedField(schemas.number(), 0.7)  # type: ignore[call-arg]
    noun = PublishedShape(
        "Noun",
        {"fresh": PublishedField(schemas.number(), 0.7, By.CALLER, tells=score)},
    )

    assert noun.schema["required"] == list(noun.tells) == list(noun.show(None, fresh=0.7))
    with pytest.raises(TypeError, match="median"):
        noun.show(None, fresh=0.7, median=0.7)
    with pytest.raises(TypeError, match="fresh"):
        noun.show(None)
