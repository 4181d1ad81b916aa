"""Many teams from one CSV: every bad row is named, and all is made or nothing."""

import csv
import datetime as dt
import io
import uuid
from typing import Any

import pytest

from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, World, make_world
from vault.errors import AdmissionError, RosterError
from vault.models import Admission, JournalEntry, Round, Team, TokenLink
from vault.teams import rosters, token_links
from vault.teams.rosters import Invitation, Roster

pytestmark = pytest.mark.usefixtures("vault_keys")
WEEK = dt.timedelta(days=7)
GOOD = (
    "team,title,benchmarks,queries,contact\n"
    "alpha,The first,rain,100,alpha@example.org\n"
    "équipe β,,rain sun/1,,\n"
    "\n"
    "gamma,,,,gamma@example.org\n"
)


@pytest.fixture
def rain() -> World:
    return make_world("rain", max_teams=3)


@pytest.fixture
def sun() -> World:
    return make_world("sun", seed=2)


def check(text: str) -> Roster:
    return rosters.check(lines=rosters.read(body=text.encode()), now=NOW)


def make(
    text: str, *, batch: int = 1, token_expires_at: dt.datetime | None = None, **given: Any
) -> list[Invitation]:
    return rosters.make(
        lines=rosters.read(body=text.encode()),
        batch=uuid.UUID(int=batch),
        links_expire_at=NOW + WEEK,
        token_expires_at=token_expires_at,
        actor="organiser",
        now=NOW,
        **given,
    )


def problems(text: str) -> list[tuple[int, str, str]]:
    return [(each.row, each.column, each.problem) for each in check(text).problems]


def test_a_list_makes_teams_admissions_and_links(rain: World, sun: World) -> None:
    invitations = make(GOOD)

    assert [each.team.name for each in invitations] == ["alpha", "équipe β", "gamma"]
    assert Team.objects.get(name="alpha").title == "The first"
    assert sorted(Admission.objects.values_list("team__name", "round__benchmark__slug", "k")) == [
        ("alpha", "rain", 100),
        ("équipe β", "rain", 1000),
        ("équipe β", "sun", 1000),
    ]
    admitted = JournalEntry.objects.filter(kind="admit")
    assert (admitted.count(), {each.actor for each in admitted}) == (3, {"organiser"})
    token, _ = token_links.redeem(secret=invitations[1].secret, now=NOW)
    assert token.team.name == "équipe β"


def test_looking_changes_nothing(rain: World, sun: World) -> None:
    roster = check(GOOD)

    assert (len(roster.new), roster.n_admissions, roster.problems) == (3, 3, ())
    assert not Team.objects.exists()


def test_tokens_that_would_end_before_their_links_are_refused(rain: World) -> None:
    """A preview is made again up to an hour later, when the links end later, too."""
    with pytest.raises(RosterError, match="tokens would end before the links"):
        make(GOOD, token_expires_at=NOW + WEEK)

    assert not Team.objects.exists()


def test_a_team_that_exists_is_admitted_and_gets_a_link(rain: World) -> None:
    alpha = Team.objects.create(name="Alpha", title="The first")

    (invitation,) = make("team,title,benchmark\nalpha,The first,rain\n")

    assert invitation.team == alpha
    assert Admission.objects.get().team == alpha
    assert Team.objects.count() == 1


def test_every_bad_row_is_named(rain: World, sun: World) -> None:
    sun.open()
    Team.objects.create(name="resting", is_active=False)
    Team.objects.create(name="baseline", is_reference=True)
    Team.objects.create(name="known", title="As it is")
    rain.team("in")

    found = problems(
        "team,title,benchmarks,queries,contact\n"
        "alpha,,rain,,nobody\n"
        "ALPHA,,moon,,\n"
        ",,,,\n"
        " ,x,,,\n"
        "a\u202eb,b\u202ec,,,\n"
        "resting,,,,\n"
        "baseline,,,,\n"
        "known,Another,,,\n"
        "rain-in,,rain,,\n"
        "beta,,rain rain,0,\n"
        "gamma,,rain,many,\n"
        "delta,,,5,\n"
        f"{'x' * 101},,sun,1001,\n"
        "epsilon,,rain,,\n"
    )

    assert [(row, column) for row, column, _ in found] == [
        *((2, "team"), (2, "contact"), (3, "team"), (3, "benchmarks")),
        *((5, "team"), (6, "team"), (6, "title"), (7, "team"), (8, "team"), (9, "title")),
        *((10, "benchmarks"), (11, "benchmarks"), (11, "queries"), (12, "benchmarks")),
        *((12, "queries"), (13, "queries"), (14, "team"), (14, "queries"), (15, "benchmarks")),
    ]
    said = {(row, column): text for row, column, text in found}
    assert said[(3, "team")].startswith("This team stands in 2 rows")
    assert (
        said[(3, "benchmarks")] == "'moon' names no benchmark with a round that is planned or open."
    )
    assert said[(10, "benchmarks")] == (
        "This team is admitted to rain round 1 already. Leave benchmarks empty in its row: it gets a "
        "link then, and no admission."
    )
    assert said[(11, "benchmarks")] == "rain is named twice in this row."
    assert said[(14, "queries")] == "A team has 1 to 1000 queries in this round."
    assert said[(15, "benchmarks")].startswith("rain round 1 was planned for 3 teams")


def test_no_title_is_the_name_of_another_team(rain: World) -> None:
    """Neither of one that is there already nor of one that the list makes."""
    Team.objects.create(name="known")

    found = problems("team,title\nalpha,KNOWN\nbeta,Alpha\ngamma,Gamma\ndelta,\nepsilon,free\n")

    assert [(row, column) for row, column, _ in found] == [(2, "title"), (3, "title")]
    assert "There is a team 'known'" in found[0][2]
    assert "There is a team 'alpha'" in found[1][2]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"team\n", "has 0 teams"),
        (b"title\nx\n", "the column team is missing"),
        (b"team,colour\na,red\n", "'colour' is none of team, title"),
        (b"team,name\na,b\n", "a column occurs twice"),
        (b"team,title\na\n", "row 2 has 1 cells, and the header 2"),
        (b'team\n"a\n', "not valid CSV"),
        (b"team\n" + b"x\n" * 501, "has 501 teams"),
        (b"x" * (257 * 1024), "larger than 256 KB"),
        ("team\nα\n".encode("utf-16"), "UTF-16"),
        (b"team\n\xff\xe9\n", "UTF-8"),
        (b"team\na\x00b\n", "zero byte"),
        (b"PK\x03\x04\xff", "Excel workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(body: bytes, said: str) -> None:
    with pytest.raises(RosterError, match=said):
        rosters.read(body=body)


def test_what_spreadsheets_write_is_read() -> None:
    body = 'Team;Display name\r\nalpha;"One; two"\r\n'.encode("utf-8-sig")

    (line,) = rosters.read(body=body)

    assert (line.row, line.team, line.title) == (2, "alpha", "One; two")


def test_a_planned_round_of_several_has_to_be_named(rain: World) -> None:
    from_rain = {"benchmark": rain.benchmark, "panel": rain.panel, "query_holdout": rain.query}
    type(rain.round).objects.create(
        **from_rain,
        number=2,
        mechanism="exact",
        opens_at=NOW + WEEK,
        closes_at=NOW + 2 * WEEK,
    )

    assert problems("team,benchmarks\nalpha,rain\n") == [
        (2, "benchmarks", "'rain' has 2 planned rounds: write rain/1.")
    ]
    assert [each.number for each in check("team,benchmarks\na,rain/2\n").entries[0].rounds] == [2]


def test_all_is_made_or_nothing(rain: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last link fails after everything else was made."""
    real, made = token_links.make, []

    def failing(**given: Any) -> str:
        made.append(given)
        if len(made) == 3:
            raise RosterError("the third")
        return real(**given)

    monkeypatch.setattr(token_links, "make", failing)
    with pytest.raises(RosterError, match="the third"):
        make(GOOD.replace(" sun/1", ""))

    assert not Team.objects.exists()
    assert not Admission.objects.exists()
    assert not JournalEntry.objects.filter(kind="admit").exists()


def test_a_list_is_made_once(rain: World) -> None:
    text = "team\nalpha\nbeta\n"
    make(text, batch=5)

    with pytest.raises(RosterError, match="was made already"):
        make(text, batch=5)

    assert TokenLink.objects.count() == 2


@pytest.mark.parametrize("text", ["team,benchmarks\nalpha,rain\nbeta,rain\n", "team\nknown\n"])
def test_a_list_that_is_sent_twice_at_once_is_made_once(rain: World, text: str) -> None:
    Team.objects.create(name="known")

    def send(_: int) -> bool:
        try:
            make(text, batch=5)
        except RosterError:
            return False
        return True

    assert sum(all_at_once(4, send)) == 1
    assert TokenLink.objects.count() == text.count("\n") - 1


def test_two_lists_at_once_do_not_wait_for_each_other_for_ever(rain: World, sun: World) -> None:
    lists = [
        "team,benchmarks\na1,rain\na2,sun\n",
        "team,benchmarks\nb1,sun\nb2,rain\n",
    ]

    def send(number: int) -> int:
        return len(make(lists[number], batch=number))

    assert all_at_once(2, send) == [2, 2]
    assert Admission.objects.count() == 4


def test_no_cell_of_the_download_is_a_formula() -> None:
    team = Team.objects.create(name='=HYPERLINK("http://x.example")')
    (invitation,) = make(
        f'team,contact\n"{team.name.replace(chr(34), chr(34) * 2)}",+a@example.org\n'
    )

    content = rosters.as_csv(
        invitations=[invitation], api_url="https://vault.example", expires_at=NOW + WEEK
    )

    assert content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header == ["team", "contact", "link", "link_ends_at"]
    assert row == [
        f"'{team.name}",
        "'+a@example.org",
        f"https://vault.example/token/#{invitation.secret}",
        "2026-03-08T12:00:00Z",
    ]


def test_no_team_is_admitted_to_a_planned_round_whose_end_has_passed(rain: World) -> None:
    """It opens for nobody: the team would wait for what never comes."""
    Round.objects.update(closes_at=NOW)

    ((row, column, said),) = problems("team,benchmarks\nalpha,rain\n")

    assert (row, column) == (2, "benchmarks")
    assert said == (
        "No team is admitted: round 1 has not opened, and its end, 2026-03-01 12:00 UTC, has passed: it "
        "opens for nobody, so cancel it and plan another."
    )
    with pytest.raises(RosterError):
        make("team,benchmarks\nalpha,rain\n")
    with pytest.raises(AdmissionError, match="it opens for nobody, so cancel it and plan another"):
        rain.team("alpha")
    assert not Admission.objects.exists()
