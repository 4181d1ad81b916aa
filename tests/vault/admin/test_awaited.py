"""Awaited labels in the admin: an organizer publishes items and makes a provider; nobody sees a label."""

import re
from typing import Any

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault import label_providers, panel
from vault.errors import SealingError, TransitionError
from vault.models import (
    AwaitedLabels,
    CorrectionRequest,
    Holdout,
    JournalEntry,
    LabelBatch,
    LabelProvider,
    LabelVersion,
    Panel,
    ProspectiveLook,
    ProspectiveResult,
)
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.sealing import awaited, corrections
from vault.sealing.corrections import Content

ITEMS = "id\n" + "".join(f"later-{i}\n" for i in range(30))
RULE = {"mature_percent": "80", "mature_at_0": "", "mature_at_1": ""}


def act(
    stage: Stage, name: str, given: dict[str, Any], *, person: str = ORGANIZER, file: str = ""
) -> Any:
    if file:
        given = {**given, "file": SimpleUploadedFile("items.csv", file.encode())}
    with acting_as("researcher"):
        return client_of(person).post(
            url("vault_benchmark_act", stage.world.benchmark.pk, name), given
        )


def publish(stage: Stage, body: str = ITEMS, **given: str) -> Any:
    return act(stage, "publish-items", {**RULE, "for_good": "on", **given}, file=body)


def kinds(stage: Stage) -> list[str]:
    entries = JournalEntry.objects.filter(benchmark=stage.world.benchmark)
    return list(entries.order_by("sequence").values_list("kind", flat=True))


def test_items_enter_the_panel_without_labels(stage: Stage) -> None:
    before = panel.latest(benchmark=stage.world.benchmark)
    assert before is not None

    assert publish(stage).status_code == 302

    fixed = AwaitedLabels.objects.get()
    assert (fixed.first_position, fixed.mature_share) == (before.n_items, 0.8)
    holdout = fixed.holdout
    assert (holdout.kind, holdout.status, holdout.n_items) == ("prospective", "FRESH", 30)
    assert holdout.commitment == ""
    latest = panel.latest(benchmark=stage.world.benchmark)
    assert latest is not None
    assert panel.ids(latest)[fixed.first_position :].to_pylist()[0] == "later-0"
    version = LabelVersion.objects.get(holdout=holdout)
    assert (version.number, version.n_labelled) == (0, 0)
    assert kinds(stage)[-1] == "items_published"


@pytest.mark.parametrize(
    ("body", "given", "reason"),
    [
        ("id,label\nlater-1,0\n", {}, "one column, id"),
        ("id\nlater-1\nlater-1\n", {}, "occurs in an earlier row"),
        ("id\nitem-00001\n", {}, "An item is sealed already"),
        ("id\n\n", {}, "The file is not valid"),
        ("id\n later\n", {}, "white space"),
        (ITEMS, {"mature_percent": ""}, "from which share of labels, or from when on"),
        (ITEMS, {"mature_percent": "101"}, "less than or equal to 100"),
        (ITEMS, {"mature_at_0": "2001-01-01", "mature_at_1": "00:00"}, "is to come"),
    ],
)
def test_what_cannot_be_published_is_said_and_leaves_nothing(
    stage: Stage, body: str, given: dict[str, str], reason: str
) -> None:
    before = Panel.objects.count(), Holdout.objects.count(), kinds(stage)

    answer = publish(stage, body, **given)

    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert (Panel.objects.count(), Holdout.objects.count(), kinds(stage)) == before


def test_a_provider_is_shown_its_token_once(stage: Stage) -> None:
    given = {"name": "registry", "expires_at_0": "", "expires_at_1": ""}
    page = act(stage, "add-provider", given).content.decode()

    (plain,) = set(re.findall(r"hvl_[\w-]{43}", page))
    said = " ".join(page.split())
    assert "hand it to the label provider" in said
    assert f"/api/v1/benchmarks/{stage.world.benchmark.slug}/prospective/ID/" in said
    assert "run.py seal-batch" in said
    assert "team" not in said[said.index("Copy this token") : said.index("Back to")]
    provider = LabelProvider.objects.get()
    assert plain not in (provider.digest, provider.prefix)
    found = label_providers.authenticate(plain=plain, now=timezone.now())
    assert found == provider
    assert "already" in act(stage, "add-provider", given).content.decode()
    with acting_as("researcher"):
        client = client_of(RESEARCHER)
        shown = client.get(url("vault_benchmark_change", stage.world.benchmark.pk))
    assert "registry" in shown.content.decode()
    assert plain not in shown.content.decode()

    assert act(stage, "revoke-provider", {"provider": provider.pk}).status_code == 302
    assert label_providers.authenticate(plain=plain, now=timezone.now()) is None
    assert kinds(stage)[-2:] == ["label_provider_added", "label_provider_revoked"]
    # Nobody is left whose token could be revoked.
    assert act(stage, "revoke-provider", {"provider": provider.pk}).status_code == 302
    assert kinds(stage)[-1] == "label_provider_revoked"


def test_a_researcher_may_do_none_of_it(stage: Stage) -> None:
    for name in ("publish-items", "add-provider", "revoke-provider"):
        assert act(stage, name, {"name": "x"}, person=RESEARCHER).status_code == 403
    assert not Holdout.objects.filter(kind="prospective").exists()
    assert not LabelProvider.objects.exists()


def test_the_holdouts_page_says_what_came_and_what_everybody_reads(stage: Stage) -> None:
    publish(stage)
    holdout = Holdout.objects.get(kind="prospective")
    provider, _ = label_providers.add(
        benchmark=stage.world.benchmark,
        name="registry",
        expires_at=None,
        actor="olivia",
        now=timezone.now(),
    )
    LabelBatch.objects.create(
        holdout=holdout,
        provider=provider,
        sequence=1,
        received_at=timezone.now(),
        sha256="0" * 64,
        status="ACCEPTED",
        n_rows=25,
        version=1,
    )
    look = ProspectiveLook.objects.create(
        round=stage.world.round,
        holdout=holdout,
        label_version=1,
        n_labelled=25,
        is_shown=True,
        at=timezone.now(),
    )
    ProspectiveResult.objects.create(
        look=look, team=stage.world.teams["alpha"], submission=stage.submission, value=0.7125
    )
    with acting_as("researcher"):
        page = client_of(RESEARCHER).get(url("vault_holdout_change", holdout.pk)).content.decode()

    text = " ".join(page.split())
    assert "once 80% of the items have a label" in text
    assert "registry" in text
    assert "ACCEPTED" in text
    assert "0.7125" in text


@pytest.mark.parametrize(
    ("n_labelled", "interval", "first"),
    [(25, (0.6, 0.8), "Interval"), (25, (0.5, 0.9), "Bounds"), (14, (0.6, 0.8), "Bounds")],
)
def test_bounds_lead_where_few_labels_are_there_or_the_interval_is_no_narrower(
    stage: Stage, n_labelled: int, interval: tuple[float, float], first: str
) -> None:
    publish(stage)
    holdout = Holdout.objects.get(kind="prospective")
    look = ProspectiveLook.objects.create(
        round=stage.world.round,
        holdout=holdout,
        label_version=1,
        n_labelled=n_labelled,
        is_shown=True,
        at=timezone.now(),
    )
    ProspectiveResult.objects.create(
        look=look,
        team=stage.world.teams["alpha"],
        submission=stage.submission,
        value=0.7,
        low=interval[0],
        high=interval[1],
        bound_low=0.5,
        bound_high=0.9,
    )
    with acting_as("researcher"):
        page = client_of(RESEARCHER).get(url("vault_holdout_change", holdout.pk)).content.decode()

    heads = re.findall(r">\s*(Interval|Bounds), ", page)
    assert sorted(heads) == ["Bounds", "Interval"]
    assert heads[0] == first
    assert "0.5 to 0.9" in page


def test_awaited_labels_are_not_corrected_but_delivered_anew(stage: Stage) -> None:
    """A correction would count every item as labelled."""
    publish(stage)
    holdout = Holdout.objects.get(kind="prospective")
    given = {"what": "void", "ids": "later-1", "reason": "x", "for_good": "on"}
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        page = client.get(url("vault_holdout_change", holdout.pk)).content.decode()
        answer = client.post(url("vault_holdout_act", holdout.pk, "correct"), given)
        with pytest.raises(TransitionError, match="corrected by their provider"):
            corrections.request(
                holdout=holdout,
                content=Content(ids=pa.array(["later-1"])),
                reason="x",
                actor="olivia",
                now=timezone.now(),
            )

    assert "/act/correct/" not in page
    assert answer.status_code == 302
    assert not CorrectionRequest.objects.exists()


def test_an_ordinary_holdout_says_nothing_of_it(stage: Stage) -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_holdout_change", stage.world.query.pk))
    assert "Awaited labels" not in page.content.decode()


def test_a_label_file_is_no_prospective_holdout(stage: Stage) -> None:
    """The form that seals labels says where items without labels are published."""
    file = SimpleUploadedFile("labels.csv", b"id,label\nlater-1,0\n")
    given = {"benchmark": stage.world.benchmark.pk, "kind": "prospective", "fresh": "rest"}
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).post(url("vault_holdout_add"), {**given, "file": file})

    assert "sealed without labels" in answer.content.decode()


def test_a_domain_call_refuses_a_share_of_none(stage: Stage) -> None:
    with pytest.raises(SealingError, match="above 0"):
        awaited.publish_items(
            benchmark=stage.world.benchmark,
            ids=pa.array(["later"]),
            mature_share=0.0,
            mature_at=None,
            actor="olivia",
            now=timezone.now(),
        )


def test_items_are_not_published_without_a_tick(stage: Stage) -> None:
    answer = publish(stage, for_good="")

    assert "This cannot be undone: tick this to do it." in answer.content.decode()
    assert kinds(stage).count("items_published") == 0
    assert not Holdout.objects.filter(kind="prospective").exists()
