"""Verdicts that were stored before their columns keep every value."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from audits import judged
from audits.models import Finding
from tests.audits import stage
from tests.audits.reported import run_with
from tests.vault.factories import make_world
from vault.models import Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

migration = import_module("audits.migrations.0006_verdicts_move_to_columns")


def stored(check_name: str, **given: Any) -> Finding:
    world = make_world("earlier")
    return Finding.objects.create(
        run=run_with(world), team=Team.objects.create(name="team"), check_name=check_name, **given
    )


def test_a_tested_verdict_keeps_its_values() -> None:
    """Each key that a verdict had, with the named file as what it is."""
    world = stage.small_round("named")
    named = Submission.objects.filter(round=world.round).first()
    assert named is not None
    evidence = {
        **{"verdict": "SUSPECTED", "published_verdict": "NO_EVIDENCE", "is_reference": False},
        **{"attempts": 5, "k": 4, "released": 30_000_000_000_000_000_000, "query": -0.25},
        **{"fresh": -0.5, "best_query": -0.125, "best_fresh": -0.75, "test": "organiser"},
        **{"file": "best_scored", "submission": str(named.pk), "is_ranked_file": False},
        **{"reference_excess": 0.01, "luck": 0.02, "p_adjusted": 0.07, "p_is_screened": True},
        **{"delta0": 0.005, "excess_low": -0.1},
    }
    finding = stored("verdict", verdict="SUSPECTED", p_value=0.035, evidence=evidence)

    migration.forward(apps, None)

    finding.refresh_from_db()
    assert (finding.verdict, finding.published_verdict) == ("SUSPECTED", "NO_EVIDENCE")
    assert (finding.attempts, finding.n_files, finding.released) == (5, 4, 3e19)
    assert (finding.query, finding.fresh) == (-0.25, -0.5)
    assert (finding.best_query, finding.best_fresh) == (-0.125, -0.75)
    assert (finding.file_named, finding.named_submission) == ("best_scored", named)
    assert (finding.is_ranked_file, finding.is_screened, finding.is_reference) == (
        *(False, True, False),
    )
    assert (finding.test, finding.reference_excess, finding.luck) == ("organiser", 0.01, 0.02)
    assert finding.p_value == 0.07
    assert finding.evidence == {"delta0": 0.005, "excess_low": -0.1}

    migration.back(apps, None)

    finding.refresh_from_db()
    same = {name: value for name, value in evidence.items() if name not in ("p_adjusted",)}
    assert {**finding.evidence, "is_reference": False} == same


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # The oldest had no published verdict, and no number of files but that of the attempts.
        ({"attempts": 17, "query": None}, {"n_files": 17, "published_verdict": "NOT_TESTED"}),
        ({"query": 0.5, "luck": None}, {"query": 0.5, "is_ranked_file": True, "file_named": ""}),
        ({}, {"attempts": None, "n_files": None, "luck": None, "test": "", "is_screened": False}),
    ],
)
def test_what_an_older_verdict_did_not_say_stays_unsaid(
    evidence: dict[str, Any], expected: dict[str, Any]
) -> None:
    finding = stored("verdict", verdict="NOT_TESTED", p_value=None, evidence=evidence)

    migration.forward(apps, None)

    finding.refresh_from_db()
    assert {name: getattr(finding, name) for name in expected} == expected
    assert finding.evidence == {}


def test_other_checks_keep_their_evidence() -> None:
    """Discordant pairs have keys of the same names, and lists in them."""
    pairs = {"query": [1, 2], "fresh": [3, 4]}
    finding = stored("discordant_pairs", evidence=pairs)

    migration.forward(apps, None)
    migration.back(apps, None)

    finding.refresh_from_db()
    assert (finding.evidence, finding.query) == (pairs, None)


def test_researchers_see_every_column_of_a_verdict() -> None:
    finding = stored("verdict", verdict="NO_EVIDENCE", evidence={"delta0": 0.005})
    for name in (*judged.ORIENTED, *judged.BESIDE):
        assert hasattr(finding, name)
    finding.query, finding.luck, finding.is_ranked_file = 0.5, 0.0, False

    shown = judged.in_units(finding=finding)

    assert (shown["query"], shown["luck"], shown["is_ranked_file"]) == (0.5, 0.0, False)
    assert shown["delta0"] == 0.005
    assert "released" not in shown


def test_evidence_calls_no_verdict_published_that_may_not_be() -> None:
    """A document goes by rounded figures, and may say NO_EVIDENCE where the exact ones are within luck."""
    finding = stored("verdict", verdict="SUSPECTED", published_verdict="WITHIN_LUCK")

    shown = judged.in_units(finding=finding)

    assert shown["verdict_without_suspicion"] == "WITHIN_LUCK"
    assert "published_verdict" not in shown
