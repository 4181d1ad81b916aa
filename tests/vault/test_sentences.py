"""Sentences begin with a capital letter, and names stay as they are."""

import pytest

from vault import sentences


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("no round is open", "No round is open"),
        ("2 submissions wait", "2 submissions wait"),
        ("url: an address", "url: an address"),
        ("validation_score is missing", "validation_score is missing"),
        ("élan", "Élan"),
        ("", ""),
    ],
)
def test_begun(text: str, begun: str) -> None:
    assert sentences.begun(text) == begun
    assert sentences.begun(begun) == begun


def test_whole_ends_once() -> None:
    assert sentences.whole("the round is closed") == "The round is closed."
    assert sentences.whole("The round is closed.") == "The round is closed."
    assert sentences.whole("") == ""
