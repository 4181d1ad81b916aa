"""The page of a holdout: what anybody may know of it, in words."""

import html

import pytest

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault.models import Holdout
from vault.people.groups import RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")


def page_of(holdout: Holdout) -> str:
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).get(url("vault_holdout_change", holdout.pk))
    return html.unescape(answer.content.decode())


def test_the_page_says_what_a_holdout_is_in_words(stage: Stage) -> None:
    holdout = stage.world.query
    Holdout.objects.filter(pk=holdout.pk).update(
        draws_groups=True, n_units=12, n_effective=11.5, slice_names=["north"], label_delay_days=3
    )

    page = page_of(holdout)

    for said in ("Groups that were drawn whole:", "in groups", "11.5", "north", "3 days"):
        assert said in page
    assert holdout.commitment in page
    assert str(holdout.batch) in page
    for raw in ("N items", "Draws groups", "Stratified", "Slice names", "Period start"):
        assert raw not in page
