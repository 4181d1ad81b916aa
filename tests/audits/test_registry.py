"""One registry has all checks: a new one is a file, an entry there, and nothing else."""

import re

import pytest

from audits import rounds
from audits.checks import registry
from audits.checks.check import Check, Column, Context, Place, Section, Table
from audits.collected import Collected
from audits.judged import Judged
from audits.models import Finding, Publication
from audits.reading import Reading
from config.settings import BASE_DIR
from tests.audits import stage

NAME = "most_files"
ROOMS = ("service", "config", "lab", "audits", "vault", "stats")
# Checks that only explain: of what they find nothing else is made.
EXPLAINING = (
    "calibration",
    "decay",
    "decisions",
    "deflation",
    "discordance",
    "elsewhere",
    "gaps",
    "evidence",
    "growth",
    "improvements",
    "integrity",
    "label_health",
    "ledger",
    "mechanism_labels",
    "trajectory",
    "two_sets",
)


def check(collected: Collected, context: Context) -> list[Finding]:
    return [
        Finding(team_id=each.history.team_id, evidence={"n": each.k, "nats": context.nats})
        for each in collected.entrants
    ]


def sections(reading: Reading) -> list[Section]:
    found = reading.by_check[NAME]
    rows = [(reading.name_of(each), (str(each.evidence["n"]), "files")) for each in found]
    columns = (Column("Team"), Column("How many", is_number=True))
    return [
        Section(place=Place.HOLDOUTS, text="Counted <by hand>."),
        Section(place=Place.EXPLANATIONS, table=Table(columns=columns, rows=rows)),
    ]


def of_team(reading: Reading, team: Judged) -> list[Section]:
    found = reading.of_team(NAME, team)
    if found is None:
        return []  # a reference
    columns = (Column("What"), Column("Value"))
    table = Table(columns=columns, rows=[("files of this team", str(found.evidence["n"]))])
    return [Section(place=Place.TEAM, title="Counts", table=table, caption="No more than that.")]


ADDED = Check(name=NAME, meaning="What it is.", check=check, sections=sections, of_team=of_team)


@pytest.mark.usefixtures("vault_keys")
def test_an_entry_is_all_that_a_new_check_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run and stored, and the report has its parts; nothing of it is published."""
    monkeypatch.setattr(registry, "CHECKS", (*registry.CHECKS, ADDED))
    world = stage.audited(stage.closing(stage.small_round("added")))

    run = rounds.latest_run(round=world.round)
    attacker = stage.finding_of(world, stage.ATTACKER, NAME)
    html = run.report.html
    stage.published(world)

    assert attacker.evidence["n"] == 3
    assert '<td class="number">3 <small>files</small></td>' in html
    assert "Counted &lt;by hand&gt;." in html
    assert html.count("<summary>Counts</summary>") == 3
    assert html.count("No more than that.") == 3
    assert NAME not in str(Publication.objects.get(round=world.round).document)


def test_names_and_files_of_checks_agree() -> None:
    """A file of the package that is no check is the definition or the registry."""
    names = [each.name for each in registry.CHECKS]
    files = {path.stem for path in (BASE_DIR / "audits" / "checks").glob("*.py")}

    assert len(set(names)) == len(names)
    assert len(names) == len(files - {"__init__", "check", "registry"})


@pytest.mark.parametrize("name", EXPLAINING)
def test_a_check_that_explains_is_known_to_the_registry_alone(name: str) -> None:
    """So that adding one changes two files and its test."""
    own = BASE_DIR / "audits" / "checks" / f"{name}.py"
    imported = re.compile(rf"audits\.checks\.{name}\b|from audits\.checks import [^)]*\b{name}\b")
    known_to = [
        str(path.relative_to(BASE_DIR))
        for room in ROOMS
        for path in (BASE_DIR / room).rglob("*.py")
        if path != own and imported.search(path.read_text())
    ]

    assert known_to == ["audits/checks/registry.py"]


def test_every_check_says_what_it_is() -> None:
    """Its name stands on the page of a run, and nobody there has read its module."""
    for each in registry.CHECKS:
        assert registry.meaning(name=each.name) == each.meaning
        assert each.meaning.endswith(".")
    assert registry.meaning(name="no longer made") == ""
