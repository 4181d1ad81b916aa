"""What no page may hold: labels, item ids, raw scores that only audits may tell, markup a policy refuses."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vault.admin.stage import RAW, RAW_ON_FRESH, SEALED_LOG_LOSS, Stage, client_of, url
from tests.vault.admin.test_access import pages
from tests.vault.factories import acting_as
from vault.models import Benchmark
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

# A number is found by three digits after the point, whether they were rounded or are followed by more.
RAW_DIGITS = {
    text[1:5]
    for value in (RAW, RAW_ON_FRESH, SEALED_LOG_LOSS)
    for text in (f"{value:.3f}", f"{value:.6f}")
}
AUDITS = "audits_"
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.I
)


def text(response: Any) -> str:
    return str(response.content.decode())


def shown(stage: Stage, person: str) -> dict[str, Any]:
    client, addresses = client_of(person), pages(stage)
    with acting_as("researcher"):
        answers = {name: client.get(at) for name, (_, at) in addresses.items()}
    return {name: answer for name, answer in answers.items() if answer.status_code == 200}


@pytest.mark.parametrize("person", [RESEARCHER, ORGANIZER])
def test_what_pages_do_not_hold(stage: Stage, person: str) -> None:
    """Of all pages, in one walk.

    The stage's submission was answered with "no improvement", so its score was not released: its own
    page and audits alone tell it, to researchers. Without its item a label says nothing, so a page that
    names no item holds no label of one. The policy allows no inline script or style: a page with one
    would be broken.
    """
    answers = shown(stage, person)

    told = {name for name, page in answers.items() if any(raw in text(page) for raw in RAW_DIGITS)}
    assert told == {"audits_finding_change", "vault_submission_change"}
    assert {name for name, page in answers.items() if "item-0" in text(page)} == set()
    assert {name for name, page in answers.items() if INLINE.search(text(page))} == set()
    for name, answer in answers.items():
        policy = answer["Content-Security-Policy"]
        # A report has a stricter one: it shows its own style and figures, and no script.
        is_report = policy.startswith("default-src 'none';") and "script-src" not in policy
        assert "script-src 'self';" in policy or (is_report and name == "audits_report_document")
        assert "no-store" in answer.get("Cache-Control", "") or name.startswith("password_change")
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(answers) > 40


def test_no_page_holds_a_value_that_was_sealed(stage: Stage, tmp_path: Path) -> None:
    values = [7391.5713 + 3 * i for i in range(20)]
    benchmark = Benchmark.objects.create(
        slug="rainfall",
        title="Rainfall",
        task="regression",
        prediction_form="value",
        primary_metric="rmse",
        loss_cap=100.0,
    )
    rows = "".join(f"{i},{value},zone-{i}\n" for i, value in enumerate(values))
    labels = label_files.read(
        body=f"id,label,slice:zone\n{rows}".encode(), content_type="text/csv", benchmark=benchmark
    )
    query, _ = holdouts.seal(
        benchmark=benchmark,
        labels=labels,
        shards=[Shard(kind="iid", status="QUERY", n=10), Shard(kind="iid", status="FRESH", n=10)],
        rng=np.random.default_rng(7),
        actor="test",
        now=stage.world.now,
    )
    client = client_of(ORGANIZER)
    entries = benchmark.journal.values_list("pk", flat=True)
    addresses = [
        url("vault_holdout_changelist"),
        url("vault_holdout_change", query.pk),
        url("vault_holdout_act", query.pk, "freshen"),
        url("vault_benchmark_change", benchmark.pk),
        url("vault_journalentry_changelist"),
        *(url("vault_journalentry_change", pk) for pk in entries),
        f"{url('vault_round_add')}?benchmark={benchmark.pk}",
    ]

    with acting_as("researcher"):
        answers = [client.get(address, follow=True) for address in addresses]

    assert entries
    for answer in answers:
        assert answer.status_code == 200
        assert not re.search(r"739\d\.57|740\d\.57|741\d\.57|zone-\d", text(answer))


def test_searching_says_nothing_of_what_is_hidden(stage: Stage) -> None:
    """Filters by a related model could be used to ask for a hidden field one digit at a time."""
    client = client_of(RESEARCHER)
    questions = [
        (url("vault_submission_changelist"), "raw_scores__value__gt"),
        (url("vault_holdout_changelist"), "versions__sealedblob__ciphertext__startswith"),
        (url("vault_team_changelist"), "tokens__digest__startswith"),
        (url("vault_teamtoken_changelist"), "team__tokens__digest__startswith"),
        (url("audits_finding_changelist"), "submission__raw_scores__value__gt"),
    ]

    with acting_as("researcher"):
        answers = [client.get(address, {lookup: "0.5"}) for address, lookup in questions]

    assert [answer.status_code for answer in answers] == [400] * len(questions)
