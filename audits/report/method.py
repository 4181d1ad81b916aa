"""The method in two paragraphs with its formulas, levels and sources, and how to check a report."""

import hashlib
import json
from typing import Any

from audits.models import AuditRun
from vault.models import LabelVersion

TEXT = (
    "Which items answered queries was drawn at random before the round. If a team's files do not depend on "
    "the query labels, every other draw of the same kind was as likely as the one that was made: the test is "
    "exact by that draw, whatever the models are. Of each team two files are tested, its final and the file "
    "with the best score on the query labels, each against frozen references and against the team's own "
    "first files. The statistic is the overstatement D, how much larger the file's lead is on query than on "
    "new items. The draw is repeated by computer, and each time the best-looking of the team's files is "
    "chosen anew, so that the luck of the best of many is part of what D is compared with. CONFIRMED needs "
    "an adjusted p-value at the level of the whole round and an excess over luck beyond the benchmark's "
    "tolerance.",
    "Before that a gate asks whether files that cannot have adapted score alike on both holdouts; where they "
    "do not, nobody is accused. Intervals of an overstatement are of 95 % and cover the sampling of labels "
    "like these for one file. Tiers come from simultaneous paired intervals of all differences, rank "
    "intervals hold all true ranks at once, and Kendall's tau says how well the board predicted the order "
    "on new labels. Everything else in this report explains, and decides nothing.",
)
FORMULAS = (
    "D = (query score of the file - its score on new labels) - (the same difference of its references)",
    "p = (1 + number of draws with D* >= D) / (1 + number of draws), then Holm over all tests of the round",
    "luck = 95 % quantile of D* - D, of a team with as many files that used no answer",
    "tau = (pairs in the same order - pairs in opposite order) / number of pairs, ties by Kendall (tau-b)",
)
SOURCES = (
    "R. A. Fisher, The logic of inductive inference, 1935 (tests by the random draw itself)",
    "S. Holm, A simple sequentially rejective multiple test procedure, 1979",
    "A. Blum and M. Hardt, The Ladder: a reliable leaderboard for machine learning competitions, 2015",
    "M. G. Kendall, The treatment of ties in ranking problems, 1945",
    "J. C. Hsu, Multiple comparisons: theory and methods, 1996",
    "docs/method.md of the project has the formula, the assumptions and the source of every method",
)


def told(audit: AuditRun) -> dict[str, Any]:
    """Gather method, levels and inputs: with the seed they fix every figure."""
    snapshot = audit.snapshot
    known = {key: snapshot[key] for key in ("alpha", "triage_alpha", "delta0")}
    return {
        "text": list(TEXT),
        "formulas": list(FORMULAS),
        "sources": list(SOURCES),
        "levels": [
            f"accusations: adjusted p-values at most {known['alpha']} for the whole round",
            f"triage, for researchers: {known['triage_alpha']}",
            f"an overstatement below {known['delta0']} is not worth a finding",
            "intervals: 95 %; smallest found: with 80 %",
        ],
        "run": audit.pk,
        "version": snapshot["version"],
        "libraries": snapshot.get("libraries", {}),
        "seed": audit.seed_entropy,
        "seed_commitment": hashlib.sha256(audit.seed_entropy.encode()).hexdigest(),
        "snapshot_sha256": _digest(snapshot),
        "query_holdout": snapshot["query_holdout"],
        "fresh_holdouts": snapshot["fresh_holdouts"],
        "commitments": _commitments(snapshot.get("labels", {})),
        "checks": [
            "The published seed_commitment is that of this seed: "
            f"printf %s {audit.seed_entropy} | sha256sum",
            "Nothing was changed afterwards: python3 run.py manage verify_journal --benchmark "
            f"{audit.round.benchmark.slug} --replay",
            "The same figures come again: on the round's page in the admin, ask for a repeat. "
            "Equal labels and equal code give equal findings.",
        ],
    }


def _digest(snapshot: dict[str, Any]) -> str:
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _commitments(versions: dict[str, int]) -> dict[str, str]:
    """Name by holdout the published hash of the labels that were read, where there is one."""
    known = LabelVersion.objects.filter(holdout__in=list(versions)).exclude(commitment="")
    return {
        str(each.holdout_id): each.commitment
        for each in known.order_by("holdout", "number")
        if each.number == versions[str(each.holdout_id)]
    }
