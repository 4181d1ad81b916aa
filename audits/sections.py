"""The sections of a report below its table of teams: holdouts, tests, and what explains them."""

from collections.abc import Iterable, Sequence

from audits import sentences
from audits.checks import accusation, deflation, discordance, elsewhere, gate, integrity, ledger
from audits.collect import decides
from audits.reading import Reading
from stats.team_tests import BEST_SCORED, FINAL, ORGANISER, OWN_FILES
from vault.models import Holdout, Round

FILES = {FINAL: "final", BEST_SCORED: "best scored"}
REFERENCES = {OWN_FILES: "own early files", ORGANISER: "the references"}


def drawn_of(*, round: Round) -> str:
    """Where whole groups were drawn: how many, and that figures go by them; nothing of single items."""
    query = round.query_holdout
    if not query.draws_groups:
        return ""
    judges = [each for each in round.fresh_holdouts.all() if decides(each, query=query)]
    holdouts = [("that answered queries", [query]), ("that answered none", judges)]
    counted = [f"{_groups(shards)} {which}" for which, shards in holdouts if shards]
    return (
        f"Whole groups of items were drawn: {' and '.join(counted)}. Intervals, luck and p-values go by "
        "groups, since the items of one group resemble each other."
    )


def _groups(shards: Sequence[Holdout]) -> str:
    n_items = sum(each.n_items for each in shards)
    counts = [each.n_units for each in shards if each.n_units is not None]
    # Shards that were sealed before groups were counted.
    n_groups = f"{sum(counts):,}" if len(counts) == len(shards) else "an unknown number of"
    return f"{n_groups} groups with {n_items:,} items"


def gate_of(*, reading: Reading) -> dict[str, str] | None:
    found = reading.first(gate.NAME)
    if found is None or found.p_value is None or found.estimate is None:
        return None
    return {
        "size": reading.number(abs(found.estimate)),
        "side": "better" if found.estimate > 0 else "worse",
        "z": f"{found.evidence['z']:.2f}",
        "p": sentences.two_digits(found.p_value),
        "state": "fired" if found.evidence["fired"] else "is quiet",
    }


def ledger_of(*, reading: Reading) -> dict[str, str] | None:
    found = reading.first(ledger.NAME)
    if found is None:
        return None
    return {
        "nats": f"{found.evidence['nats']:.1f}",
        "n": f"{found.evidence['n_submissions']:,}",
        "bound": "" if found.estimate is None else reading.number(found.estimate),
    }


def tests_of(*, reading: Reading) -> Iterable[dict[str, str]]:
    """Each test of each team: which file, against what."""
    for finding in reading.by_check.get(accusation.NAME, []):
        assert finding.team is not None  # tests are of teams
        for test in finding.evidence["tests"]:
            low, high = test["interval"]
            yield {
                "name": reading.name_of(finding),
                "file": f"{FILES[test['which']]}, no. {test['file']}",
                "against": REFERENCES[test["kind"]],
                "overstatement": reading.number(test["overstatement"]),
                "interval": reading.interval(low, high),
                "luck": reading.number(test["luck"]),
                "beyond": reading.number(test["excess_low"]),
                "holm": sentences.exact_p(test["p_adjusted"], is_screened=test["p_is_screened"]),
                "draws": f"{test['n_draws']:,}",
                "k": f"{finding.evidence['k']:,}",
            }


def pairs_of(*, reading: Reading) -> list[dict[str, str]]:
    """Discordant pairs; of items that were drawn in groups Fisher's test has no p-value."""
    return [
        {
            "name": reading.name_of(finding),
            "query": " / ".join(f"{each:,}" for each in finding.evidence["query"]),
            "fresh": " / ".join(f"{each:,}" for each in finding.evidence["fresh"]),
            "p": sentences.two_digits(finding.p_value),
        }
        for finding in reading.by_check.get(discordance.NAME, [])
        if finding.team is not None
    ]


def deflated_of(*, reading: Reading) -> list[dict[str, str]]:
    return [
        {
            "name": reading.name_of(finding),
            "score": reading.number(reading.own(finding.estimate)),
            "luck": reading.number(finding.evidence["expected_luck"]),
        }
        for finding in reading.by_check.get(deflation.NAME, [])
        if finding.team is not None
    ]


def elsewhere_of(*, reading: Reading) -> list[dict[str, str]]:
    """Already in the metric's units."""
    return [
        {
            "name": reading.name_of(finding),
            "scores": ", ".join(map(reading.number, finding.evidence["scores"].values())),
        }
        for finding in reading.by_check.get(elsewhere.NAME, [])
        if finding.team is not None
    ]


def shared_of(*, reading: Reading) -> list[dict[str, str]]:
    """Teams that handed in a file that another one handed in, too; a finding has them by their accounts."""
    accounts = {each.team: each.name for each in reading.found}
    return [
        {
            "name": reading.name_of(finding),
            "others": ", ".join(
                accounts.get(each, each) for each in finding.evidence["identical_files_with"]
            ),
        }
        for finding in reading.by_check.get(integrity.NAME, [])
        if finding.team is not None and finding.evidence.get("identical_files_with")
    ]


def damaged_of(*, reading: Reading) -> list[str]:
    """Teams and references with a stored file that is missing or is not what was received."""
    return [
        reading.name_of(finding)
        for finding in reading.by_check.get(integrity.NAME, [])
        if finding.team is not None and not finding.evidence["is_intact"]
    ]
