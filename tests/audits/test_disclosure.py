"""What a published document may tell of the labels that its figures come from."""

import pytest

from tests.audits import stage
from tests.audits.test_publication import document_of, published
from tests.vault.corrected import ask_to_void, reseal, score_again

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def test_items_that_a_correction_left_out_change_no_public_number() -> None:
    """Else everybody could count how many of them were fresh."""
    whole = document_of(published("whole-labels"))
    world = stage.small_round("fewer-labels")
    assert reseal(ask_to_void(world, range(40)))
    assert score_again() == [True]
    document = document_of(stage.published(stage.audited(stage.closing(world))))

    for name in ("n_query", "n_fresh", "fresh_resolution", "drawn_groups"):
        assert document[name] == whole[name]
