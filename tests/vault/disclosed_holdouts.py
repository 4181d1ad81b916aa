"""A retired holdout and its disclosure, by the roles that ask for it and make it."""

import hashlib
from typing import Any

from tests.vault.factories import NOW, World, acting_as, make_world
from vault.files import content_files
from vault.models import DisclosedFile, DisclosureRequest, Holdout, Round
from vault.sealing import disclosures, holdouts
from vault.sealing.sealed_labels import Disclosure

REASON = "the season is over"
N_QUERY, N_FRESH = 30, 40


def ended(slug: str = "weather", **given: Any) -> World:
    """Its round is published, and its query holdout retired."""
    world = make_world(slug, n_query=N_QUERY, n_fresh=N_FRESH, **given)
    retire(world)
    return world


def retire(world: World) -> None:
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    holdouts.retire(holdout=world.query, actor="worker", now=NOW)


def ask(world: World, reason: str = REASON) -> None:
    with acting_as("researcher"):
        disclosures.request(holdout=world.query, reason=reason, actor="ada", now=NOW)


def carry_out(world: World) -> bool:
    with acting_as("audit"):
        return disclosures.carry_out(holdout_id=world.query.pk, clock=lambda: NOW)


def disclosed(slug: str = "weather") -> World:
    world = ended(slug)
    ask(world)
    assert carry_out(world)
    world.query.refresh_from_db()
    return world


def written(holdout: Holdout) -> DisclosedFile:
    """The rows of a disclosure, for tests in one transaction, in which no label can be opened."""
    made_up = Disclosure(salt=bytes(32), text="id,label\n")
    content = disclosures.file_of(holdout=holdout, disclosed=made_up)
    sha256 = hashlib.sha256(content).hexdigest()
    key = content_files.store(directory="disclosed", content=content, sha256=sha256, suffix=".json")
    Holdout.objects.filter(pk=holdout.pk).update(status="RETIRED")
    DisclosureRequest.objects.create(holdout=holdout, reason=REASON, actor="ada", at=NOW)
    Holdout.objects.filter(pk=holdout.pk).update(status="DISCLOSED")
    return DisclosedFile.objects.create(
        holdout=holdout, sha256=sha256, size=len(content), file_key=key, at=NOW
    )
