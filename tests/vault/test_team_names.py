"""Names of teams: any script, one way to write each, and equal without regard to case."""

import importlib

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from vault import team_names
from vault.models import Team

NAMES = [
    *(
        "alpha",
        "Team A",
        "-",
        "=1+1",
        "a/b?c#d%20",
        '"quoted", with comma',
        "<b>bold</b>",
        ":smile:",
    ),
    *("Übermut", "команда", "チーム", "فريق", "团队", "🐙", "e\u0301quipe", "x" * 100),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_are_names(name: str) -> None:
    team_names.check(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", " a", "a ", "a\tb", "a\nb", "a\x00b", "\x1b[2J", "a\x7f", "a\u200bb"),
        *("a\u202eb", "a\u2028b", "a\u00a0b", "\ud800"),
        # Printable by their category, and nothing to be seen of them.
        *("a\u034f", "a\u115f", "a\u2800", "a\u3164", "a\ufe0f", "a\uffa0", "a\U000e0100"),
        *("a\U0001d159", "a\U00016fe4", "a\U00013441", "a\U00013442"),
        # A page shows one space.
        *("a  b", "a   b"),
    ],
)
def test_what_cannot_be_seen_is_in_no_name(name: str) -> None:
    with pytest.raises(ValidationError):
        team_names.check(name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alpha", "ALPHA"),
        ("équipe", "e\u0301quipe"),
        ("ÉQUIPE", "e\u0301quipe"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("\u1f80", "\u03b1\u0345\u0313"),  # marks in another order
        ("a b", "a  b"),
    ],
)
@pytest.mark.django_db
def test_names_that_people_take_for_one_are_one(name: str, other: str) -> None:
    Team.objects.create(name=name)

    assert team_names.folded(name) == team_names.folded(other)
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.create(name=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.bulk_create([Team(name=other)])


@pytest.mark.parametrize(("name", "other"), [("a", "á"), ("a b", "ab"), ("A1", "Al")])
@pytest.mark.django_db
def test_other_names_are_others(name: str, other: str) -> None:
    for each in (name, other):
        Team.objects.create(name=each)

    assert Team.objects.count() == 2


@pytest.mark.parametrize(
    ("teams", "expected"),
    [
        ([("a", ""), ("b", "Beta")], ["a", "Beta"]),
        # Equal titles, whatever their case, composition and blanks.
        (
            [("a", "Übermut  X"), ("b", "u\u0308bermut x")],
            ["Übermut  X (a)", "u\u0308bermut x (b)"],
        ),
        # A title that is another's name, which has no title or hides it behind one.
        ([("alpha", ""), ("m", "ALPHA")], ["alpha", "ALPHA (m)"]),
        ([("alpha", "First"), ("m", "Alpha")], ["First", "Alpha (m)"]),
        # A title that looks like another's title with its name.
        ([("a", "A team"), ("m", "A team (a)")], ["A team", "A team (a) (m)"]),
        ([("b) (c", "A"), ("c", "A (b)"), ("d", "A")], ["b) (c", "A (b)", "A (d)"]),
        # A team may be titled like itself.
        ([("alpha", "Alpha"), ("b", " ")], ["Alpha", "b"]),
    ],
)
def test_no_two_teams_are_called_alike(teams: list[tuple[str, str]], expected: list[str]) -> None:
    shown = team_names.told_apart(teams=dict(enumerate(teams)))

    assert list(shown.values()) == expected


@pytest.mark.django_db
def test_a_title_is_not_the_name_of_another_team() -> None:
    alpha = Team.objects.create(name="Équipe alpha")
    team = Team.objects.create(name="mallory", title="e\u0301quipe  ALPHA")

    with pytest.raises(ValidationError, match="There is a team 'Équipe alpha'"):
        team.full_clean()
    alpha.title = "équipe Alpha"
    alpha.full_clean()


@pytest.mark.parametrize("name", ["\u0390" * 100, "\ufb03" * 100, "İ" * 100, "\u1fb7" * 100])
@pytest.mark.django_db
def test_longest_names_have_room(name: str) -> None:
    Team.objects.create(name=name)

    assert Team.objects.get().folded == team_names.folded(name)


@pytest.mark.django_db
def test_key_is_that_of_the_name_at_first() -> None:
    """Teams whose names differed in case alone before keep keys of their own."""
    team = Team.objects.create(name="Alpha")
    Team.objects.update(folded="alpha\n2")
    team.refresh_from_db()
    team.title = "The Alphas"
    team.save()

    assert Team.objects.get().folded == "alpha\n2"


def test_teams_of_before_that_differ_in_case_alone_stay() -> None:
    migration = importlib.import_module("vault.migrations.0014_team_names")

    found = migration.keys([(1, "Alpha"), (2, "alpha"), (3, "beta"), (7, "ALPHA")])

    assert found == {1: "alpha", 2: "alpha\n2", 3: "beta", 7: "alpha\n7"}
