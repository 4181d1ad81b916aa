"""A published audit as a page and the feed of them, as the web process serves them to anybody."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audits import pages, sentences
from audits.models import Publication
from audits.published_shape import DOCUMENT
from audits.report import shown
from stats.verdict import Verdict
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import unranking
from vault.models import Benchmark, LabelVersion
from vault.pages import figures, verdicts

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

HOSTILE = "<script>alert(1)</script>&\"'"
ATOM = "{http://www.w3.org/2005/Atom}"


def get(path: str, method: str = "GET", **headers: str) -> Any:
    with acting_as("web"):
        return Client(headers=headers).generic(method, path)


def text(path: str) -> str:
    """What a page says, without its marks."""
    response = get(path)
    assert response.status_code == 200
    return " ".join(unescape(re.sub("<[^>]+>", " ", response.content.decode())).split())


def rows(path: str) -> dict[str, list[str]]:
    """The cells of a page's board, by team."""
    table = re.search(r'<table class="board">(.*?)</table>', get(path).content.decode(), re.DOTALL)
    assert table
    found = {}
    for row in re.findall(r"<tr.*?</tr>", table[1], re.DOTALL)[1:]:
        cells = [
            unescape(" ".join(re.sub("<[^>]+>", " ", cell).split()))
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        found[cells[0]] = cells[1:]
    return found


def published(slug: str) -> World:
    return stage.published(stage.audited(stage.closing(stage.small_round(slug))))


def written_down(slug: str, **document: Any) -> World:
    """A publication whose document is the description's example, but for what is said here."""
    world = make_world(slug)
    Publication.objects.create(
        round=world.round,
        benchmark=world.benchmark,
        document={**DOCUMENT.example, **document},
        published_at=NOW,
    )
    return world


def test_pages_say_what_the_api_says() -> None:
    """Nothing before publication, then the document's figures on both pages, and the badge's word."""
    world = stage.audited(stage.closing(stage.small_round("said")))
    assert get("/benchmarks/said/rounds/1/audit/").status_code == 404
    assert "Provisional until fresh." in text("/benchmarks/said/board/")
    stage.published(world)

    audit, board = rows("/benchmarks/said/rounds/1/audit/"), rows("/benchmarks/said/board/")

    publication = Publication.objects.get()
    document = get(f"/api/v1/audits/{publication.pk}/").json()["document"]
    told = {row["team"]: row for row in get("/api/v1/benchmarks/said/leaderboard/").json()["rows"]}
    assert len(document["teams"]) == 3
    assert len(board) == len(audit) == 4  # and a reference, once
    assert get("/benchmarks/said/board/").content.count(b"said-reference-0") == 1
    for row in document["teams"]:
        cells, on_board, same = audit[row["team"]], board[row["team"]], told[row["team"]]
        ranks = [row["rank_after"], same["rank_before"]]
        assert [int(cells[0].split()[0]), int(cells[1].split()[0])] == ranks
        assert cells[:3] == on_board[:3]
        assert cells[2].split()[1] == row["verdict"] == same["verdict"]
        assert float(cells[3].split()[0]) == row["fresh"] == same["fresh"]
        ends = [float(each) for each in re.findall(r"-?[\d.]+", cells[3])[1:]]
        assert ends == row["fresh_interval"] == [same["fresh_low"], same["fresh_high"]]
        assert float(cells[4]) == pytest.approx(row["query"], abs=5e-5)
        assert float(cells[5].split()[0]) == row["overstatement"]
        assert float(on_board[5].split()[0]) == same["overstatement"]
        assert float(cells[6]) == row["luck"] == float(on_board[6])
        assert int(cells[9]) == row["attempts"] == int(on_board[7])
        assert row["sentence"] in text("/benchmarks/said/rounds/1/audit/")
    assert "The score of 1 of 3 tested teams is inflated beyond chance" in text(
        "/benchmarks/said/rounds/1/audit/"
    )
    badge = get("/benchmarks/said/badge.svg?team=said-attacker").content.decode()
    fresh = next(row["fresh"] for row in document["teams"] if row["team"] == "said-attacker")
    assert f"CONFIRMED · {fresh:g}".replace("0.", ".") in badge
    assert "1 of 3 tested teams CONFIRMED" in get("/benchmarks/said/badge.svg").content.decode()

    unranking.unrank(
        round=world.round, team=world.teams["attacker"], reason=HOSTILE, actor="ada", now=NOW
    )
    for path in ("/benchmarks/said/rounds/1/audit/", "/benchmarks/said/board/"):
        page = get(path).content.decode()
        assert "<script" not in page
        assert f"unranked: {HOSTILE}" in text(path)
        assert rows(path)[f"said-attacker unranked: {HOSTILE}"][0].startswith("–")


def test_corrections_that_came_after_it_are_told_once() -> None:
    """Of both holdouts, one note; one from before is in the figures."""
    world = written_down("corrected")
    later = NOW + dt.timedelta(days=1)
    for holdout, number, at, reason in (
        (world.query, 2, NOW - dt.timedelta(days=1), "from before"),
        (world.query, 3, later, "two stations were mixed up"),
        (world.fresh, 2, later, "two stations were mixed up"),
    ):
        LabelVersion.objects.create(
            holdout=holdout, number=number, n_labelled=9, arrived_at=at, reason=reason
        )

    said = text("/benchmarks/corrected/rounds/1/audit/")

    assert said.count("after this was published: two stations were mixed up") == 1
    assert "from before" not in said


def test_names_are_escaped_and_titles_may_say_anything() -> None:
    team = {**DOCUMENT.example["teams"][0], "team": HOSTILE, "title": f"{HOSTILE}!"}
    world = written_down("hostile", teams=[team], headline="0 <b>")
    Benchmark.objects.filter(pk=world.benchmark.pk).update(title=f"{HOSTILE}\x08")

    page = get("/benchmarks/hostile/rounds/1/audit/")

    assert b"<script" not in page.content
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "script-src" not in page["Content-Security-Policy"]
    assert f"{HOSTILE}! {HOSTILE}" in rows("/benchmarks/hostile/rounds/1/audit/")
    feed = ET.fromstring(get("/publications.atom").content)  # noqa: S314
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == f"{HOSTILE}, round 1"
    assert feed.findtext(f"{ATOM}entry/{ATOM}summary") == "0 <b>"


def test_private_audits_are_not_found_and_stand_in_no_feed() -> None:
    world = written_down("hidden")
    written_down("shown")
    Benchmark.objects.filter(pk=world.benchmark.pk).update(visibility=Benchmark.Visibility.PRIVATE)

    assert get("/benchmarks/hidden/rounds/1/audit/").status_code == 404
    feed = ET.fromstring((got := get("/publications.atom")).content)  # noqa: S314
    assert got["Content-Type"] == "application/atom+xml; charset=utf-8"
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id", "").endswith("/benchmarks/shown/rounds/1/audit/")
    assert entry.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated")


def test_the_feed_has_the_newest_first_and_no_more_than_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MAX_ENTRIES", 2)
    for days, slug in ((2, "second"), (0, "oldest"), (3, "newest")):
        world = written_down(slug)
        at = NOW + dt.timedelta(days=days)
        Publication.objects.filter(round=world.round).update(published_at=at)

    feed = ET.fromstring(get("/publications.atom").content)  # noqa: S314

    places = [each.findtext(f"{ATOM}id", "") for each in feed.findall(f"{ATOM}entry")]
    assert [each.split("/")[-5] for each in places] == ["newest", "second"]


def test_an_empty_feed_is_one() -> None:
    feed = ET.fromstring(get("/publications.atom").content)  # noqa: S314

    assert feed.findall(f"{ATOM}entry") == []
    assert feed.findtext(f"{ATOM}updated") == pages.NEVER


@pytest.mark.parametrize("path", ["/benchmarks/plain/rounds/1/audit/", "/publications.atom"])
def test_a_page_is_asked_for_again_and_sent_once(path: str) -> None:
    written_down("plain")
    first = get(path)

    again = get(path, **{"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == "no-cache"
    assert get(path, "HEAD").status_code == 200
    assert get(path, "POST").status_code == 405


def test_the_page_asks_the_database_as_often_for_many_teams() -> None:
    one = DOCUMENT.example["teams"][0]
    written_down("few", teams=[one])
    many = [{**one, "team": f"team-{n}", "fresh": n / 100} for n in range(60)]
    written_down("many", teams=many)

    counted = []
    for slug in ("few", "many"):
        with CaptureQueriesContext(connection) as queries:
            assert get(f"/benchmarks/{slug}/rounds/1/audit/").status_code == 200
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 6


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No team could be tested."),
        (["NOT_TESTED", "NOT_TESTED"], "No team could be tested."),
        (["NO_EVIDENCE"], "No finding: nobody’s score, of 1 tested team, is shown"),
        (["CONFIRMED", "WITHIN_LUCK"], "The score of 1 of 2 tested teams is inflated"),
        (["CONFIRMED", "CONFIRMED"], "The scores of 2 of 2 tested teams are inflated"),
        # Who was not tested, or is not judged, is no clean result.
        (["SHIFT", "SHIFT"], "Nobody was judged: the gate fired."),
        (["NOT_TESTED", "SHIFT"], "Nobody was judged: the gate fired."),
        (["INVALID", "NOT_TESTED"], "No team could be tested."),
        (["CONFIRMED", "INVALID", "NOT_TESTED"], "The score of 1 of 1 tested team is inflated"),
    ],
)
def test_the_first_sentence_counts_the_findings(found: list[str], said: str) -> None:
    assert pages.lead([{"verdict": each} for each in found]).startswith(said)


def test_a_verdict_has_one_shape_everywhere() -> None:
    public = {key: shape for key, shape in shown.SHAPES.items() if key != Verdict.SUSPECTED}
    assert (public, shown.OTHERWISE) == (verdicts.SHAPES, verdicts.OTHERWISE)


@given(st.none() | st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_figure_is_written_alike_everywhere(value: float | None, decimals: int) -> None:
    """`vault` imports no audit, and boards of others, who read the audit's sentences, import no `vault`."""
    assert figures.written(value, decimals=decimals) == sentences.number(value, decimals=decimals)


@pytest.mark.parametrize("unit", [1e-3, 0.9, 1.0, 1.5, 10.0, 100.0, 1e6])
def test_as_many_digits_everywhere(unit: float) -> None:
    """Of figures that need all of them."""
    assert figures.decimals([1 / 3], unit=unit) == sentences.decimals_of(unit=unit)
