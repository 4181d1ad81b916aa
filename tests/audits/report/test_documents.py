"""One set of facts, three forms: what the JSON says stands in the page and in the Markdown."""

import hashlib
import json
import re
from html import unescape

import pytest

from audits import rounds, sentences
from audits.checks import registry
from audits.checks.check import Check, Context, Figure, Place, Section
from audits.collected import Collected
from audits.models import Finding, Report
from audits.reading import Reading
from audits.report import headline, page, shown
from audits.report.documents import documents, placed
from audits.report.facts import canonical, facts
from audits.report.figures import DRAWINGS
from tests.audits import stage
from tests.audits.reported import drawn_in, judged, page_of, run_with, text_of
from tests.vault.factories import World, acting_as, make_world

SCORES = ("fresh", "query", "released", "overstatement", "luck", "smallest_found")
INTERVALS = ("fresh_interval", "overstatement_interval")
NEVER = re.compile(r"cheat|fraud|\bproof\b|no inflation", re.I)


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("documents")


def flat(text: str) -> str:
    """Text without escapes and line ends; of a page without markup."""
    if text.startswith("<"):
        return " ".join(unescape(text_of(text)).split())
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


@pytest.mark.usefixtures("vault_keys")
def test_every_number_of_the_table_stands_in_every_form() -> None:
    """Of a round through the database, in its own rows, as the stored report has them."""
    world = stage.audited(stage.closing(stage.small_round("forms", n_frozen=2)))
    report = Report.objects.get(run=rounds.latest_run(round=world.round))
    found = json.loads(report.facts)
    digits = found["metric"]["decimals"]

    assert len(found["teams"]) == 3
    assert len(found["references"]) == 2
    page_rows = re.findall(r"<tr>(.*?)</tr>", report.html.replace("\n", ""))
    markdown_rows = report.markdown.splitlines()
    for row in [*found["teams"], *found["references"]]:
        wanted = [row[name] for name in SCORES if name in row]
        texts = [sentences.number(each, decimals=digits) for each in wanted if each is not None]
        texts += [
            sentences.interval(*row[name], decimals=digits) for name in INTERVALS if row.get(name)
        ]
        assert len(texts) >= 2
        (of_page,) = [flat(f"<tr>{each}") for each in page_rows if f">{row['name']}<" in each][:1]
        (of_markdown,) = [flat(e) for e in markdown_rows if f"| {row['name']} |" in e][:1]
        for text in texts:
            assert text in of_page
            assert text in of_markdown
        for sentence in [row["sentence"]] if row.get("sentence") else []:
            assert sentence in flat(report.html)
            assert sentence in flat(report.markdown)
    for said in (found["sentence"], found["headline"], *found["method"]["text"]):
        assert said in flat(report.html)
        assert said in flat(report.markdown)
    for word in (report.html, report.markdown):
        assert not NEVER.search(flat(word))


@pytest.mark.usefixtures("vault_keys")
def test_bytes_are_the_same_again() -> None:
    world = stage.audited(stage.closing(stage.small_round("bytes")))
    run = rounds.latest_run(round=world.round)
    report = Report.objects.get(run=run)

    again = documents(audit=run)

    assert (again.html, again.json, again.markdown) == (report.html, report.facts, report.markdown)
    assert canonical(json.loads(report.facts)) == report.facts
    assert report.sha256 == hashlib.sha256(report.html.encode()).hexdigest()


@pytest.mark.usefixtures("vault_keys")
def test_every_figure_has_words_a_table_and_its_place() -> None:
    """Three of the board, the ways and ledgers of teams with two files or more, and the wear."""
    world = stage.audited(stage.closing(stage.small_round("drawn")))
    run = rounds.latest_run(round=world.round)
    known = facts(audit=run)
    figures = dict(placed(known))

    assert {each["drawing"] for each in figures.values()} == set(DRAWINGS)
    for place, figure in figures.items():
        assert figure["title"]
        assert len(figure["alternative"]) > 40
        assert figure["source"].endswith(".")
        # Numbers of a ledger stand in the table of its section.
        assert (figure["table"] is None) == (figure["drawing"] == "improvement_ledger"), place
        assert figure["table"] is None or figure["table"]["rows"]
        assert f'alt="{figure["alternative"]}"' in unescape(run.report.html)
    assert len(drawn_in(run.report.html)) == len(figures)


def test_names_break_no_form(world: World) -> None:
    """A pipe, a heading, markup and a line's end in a name stay in their cell."""
    run = run_with(world)
    hostile = "a | b <script>\n# `x` *y* [l](http://z) $q$"
    judged(run, "CONFIRMED", name=hostile)
    judged(run, "NO_EVIDENCE", name="plain")

    found = documents(audit=run)

    assert "<script>" not in found.html
    rows = [each for each in found.markdown.splitlines() if each.startswith("| ")]
    whole = [each for each in rows if each.count(" | ") == 11]
    assert sum("script" in each for each in whole) == 1
    assert "<script>" not in found.markdown.replace("\\<script\\>", "")
    assert not re.search(r"^# `", found.markdown, re.M)
    assert json.loads(found.json)["teams"][0]["name"] == hostile


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            ["CONFIRMED", "NO_EVIDENCE", "WITHIN_LUCK"],
            "The scores of 3 teams were compared with new labels: 1 is inflated beyond chance (error at "
            "most 1 % for the whole round). The order of the other 2 teams holds on new labels.",
        ),
        (
            ["NO_EVIDENCE"],
            "The scores of 1 team were compared with new labels: not one was found inflated beyond chance; "
            "what is below .0789 may have gone unnoticed.",
        ),
        (["NOT_TESTED", "INVALID"], "No team could be tested."),
        ([], "No team took part."),
    ],
)
def test_the_headline_says_whether_it_can_be_announced(
    world: World, verdicts: list[str], said: str
) -> None:
    run = run_with(world)
    for at, verdict in enumerate(verdicts):
        judged(run, verdict, name=f"team {at}")

    assert facts(audit=run)["sentence"] == said


def test_the_headline_counts_pairs_that_change_places(world: World) -> None:
    run = run_with(world)
    for name, released, fresh in [("a", 0.9, 0.7), ("b", 0.8, 0.75), ("c", 0.7, 0.6)]:
        judged(run, "NO_EVIDENCE", name=name, released=released, fresh=fresh)

    said = facts(audit=run)["sentence"]

    assert said.endswith("Among all 3 teams, 1 of 3 pairs changes places on new labels.")


@pytest.mark.parametrize(
    ("gate", "n_fresh", "smallest", "warned"),
    [
        ("quiet", 200, 0.05, []),
        ("fired", 200, 0.05, [headline.FIRED]),
        ("not_tested", 200, 0.05, [headline.UNGATED]),
        ("not_tested", 0, None, [headline.UNAUDITED]),
        ("quiet", 200, 0.2, ["Too small: with 200 new labels no overstatement below .2000 would"]),
    ],
)
def test_what_stops_a_reader_stands_above_the_table(
    world: World, gate: str, n_fresh: int, smallest: float | None, warned: list[str]
) -> None:
    run = run_with(world, gate=gate, n_fresh=n_fresh)
    judged(run, "NO_EVIDENCE", minimum_detectable_effect=smallest)

    found = facts(audit=run)["warnings"]

    assert len(found) == len(warned)
    assert all(each.startswith(start) for each, start in zip(found, warned, strict=True))
    above = page_of(run).partition("<h2>")[0]
    assert all(each in unescape(above) for each in found)


def test_a_policy_names_the_style_by_its_hash(world: World) -> None:
    """Of a page from before there is none in it, and the service's own is allowed as it was."""
    html = page_of(run_with(world))
    style = html.partition("<style>")[2].partition("</style>")[0]

    assert page.style_source(html=html).startswith("'sha256-")
    changed = html.replace(style, style + " ")
    assert page.style_source(html=changed) != page.style_source(html=html)
    assert page.style_source(html="<link rel=stylesheet>") == "'self'"


def drawn(reading: Reading) -> list[Section]:
    nats = {"told": 1.0, "answered": 1.0, "reserved": 1.0, "planned": None}
    figure = Figure(
        drawing="wear", title="A <finding>", alternative="One bar.", data=nats, source="Nowhere."
    )
    return [Section(place=Place.EXPLANATIONS, title="Added", figure=figure)]


def nothing(collected: Collected, context: Context) -> list[Finding]:
    return []


def test_a_check_adds_a_figure_by_its_section_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = Check(name="added", meaning="It is.", check=nothing, sections=drawn)
    monkeypatch.setattr(registry, "CHECKS", (*registry.CHECKS, added))

    found = documents(audit=run_with(world))

    assert "<figcaption>A &lt;finding&gt;</figcaption>" in found.html
    assert 'alt="One bar."' in found.html
    assert "#### A \\<finding\\>" in found.markdown
    assert len(drawn_in(found.html)) == 1


@pytest.mark.usefixtures("vault_keys")
def test_no_form_is_read_by_the_api() -> None:
    """Exact figures are the researchers': the API's role cannot read a report at all."""
    stage.audited(stage.closing(stage.small_round("kept")))

    with acting_as("web"), pytest.raises(Exception, match="permission denied"):
        Report.objects.values("facts", "markdown", "html").first()


def test_shapes_tell_verdicts_apart_without_colour() -> None:
    assert len(set(shown.SHAPES.values())) == len(shown.SHAPES)
    assert shown.OTHERWISE not in shown.SHAPES.values()
