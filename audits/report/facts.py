"""All that a report says, once, from the findings and nothing else: its JSON, page and Markdown are this.

Scores are in the metric's own units and direction; an overstatement is positive where a file looks better
on query labels than on new ones. Figures are exact: everybody else reads those of the publication.
"""

import json
from typing import Any

from audits import drawn_groups, sentences
from audits.checks import registry
from audits.checks.check import Place, Section
from audits.disclosure import disclosure_of
from audits.models import AuditRun
from audits.reading import Reading, reading_of
from audits.report import board_figures, headline, method, parts, rows
from audits.rounding import Exact

# Raised when a member changes its meaning.
FORMAT = 1
Facts = dict[str, Any]


def facts(*, audit: AuditRun) -> Facts:
    """Make them, as they come back from JSON: no form of the report says what another cannot."""
    reading = reading_of(audit=audit)
    teams, references = rows.of_teams(reading), rows.of_references(reading)
    drawn = drawn_groups.counted(round=audit.round)
    figures = board_figures.figures(reading, teams=teams, references=references)
    found = {
        "format": FORMAT,
        **_what(reading),
        "headline": sentences.headline(verdicts=_published(reading)),
        "sentence": headline.sentence(reading, teams),
        "numbers": headline.numbers(reading, teams),
        "warnings": headline.warnings(reading, teams),
        "notes": [
            each
            for each in ("" if drawn is None else drawn["sentence"], _coarseness(reading))
            if each
        ],
        "how_to_read": sentences.how_to_read(is_exact=True),
        "teams": teams,
        "references": references,
        "figures": [parts.figure(each) for each in figures],
        "sections": _sections(reading),
        "method": method.told(audit),
    }
    told: Facts = json.loads(canonical(found))
    return told


def canonical(facts: Facts) -> str:
    """Write JSON with one form: sorted names, no spaces, and a line's end."""
    text = json.dumps(
        facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return f"{text}\n"


def _what(reading: Reading) -> Facts:
    """Say which round of what this is, and in which numbers."""
    audit, round = reading.audit, reading.audit.round
    times = (round.opened_at or round.opens_at, round.closes_at, audit.finished_at)
    opened, closed, audited = (None if each is None else f"{each:%Y-%m-%d}" for each in times)
    return {
        "title": f"Audit of {round}",
        "benchmark": round.benchmark.slug,
        "benchmark_title": round.benchmark.title,
        "round": round.number,
        "opened_on": opened,
        "closed_on": closed,
        "audited_on": audited,
        "shift_gate": audit.get_shift_gate_display(),
        "metric": {
            "name": reading.metric.name,
            "label": reading.metric.label,
            "greater_is_better": reading.metric.greater_is_better,
            "decimals": reading.decimals,
        },
    }


def _published(reading: Reading) -> list[str]:
    return [
        each.finding.published_verdict for each in reading.found if not each.finding.is_reference
    ]


def _sections(reading: Reading) -> dict[str, list[Facts]]:
    """Gather the checks' sections by where they stand; what says nothing is left out."""
    found: dict[str, list[Section]] = {
        place.value: [] for place in Place if place is not Place.TEAM
    }
    for check in registry.CHECKS:
        for section in check.sections(reading):
            found[section.place].append(section)
    return {place: parts.told(sections) for place, sections in found.items()}


def _coarseness(reading: Reading) -> str:
    """Say what everybody else will read instead of the report's figures; nothing where that is the same."""
    disclosure = disclosure_of(round=reading.audit.round, reading=reading)
    if isinstance(disclosure.rounding, Exact) or not disclosure.n_fresh:
        return ""
    step = sentences.number(disclosure.rounding.step, decimals=disclosure.rounding.decimals + 1)
    teams = [each for each in reading.found if not each.finding.is_reference]
    finals = [team.as_published for team in teams if team.fresh is not None]
    n_left_out = sum(not disclosure.has_figure(team) for team in finals)
    return (
        f"Exact figures, for researchers: the published board rounds scores on new labels to steps of {step} "
        f"and leaves out {n_left_out} final{'s'[: n_left_out != 1]} of {len(finals)}. By rounded figures "
        "WITHIN_LUCK may read NO_EVIDENCE there."
    )
