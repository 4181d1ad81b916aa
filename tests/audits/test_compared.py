"""How the files are called that a tested one was compared with."""

from dataclasses import replace

from audits.compared import Compared, named, unweighed, weighed

FILE = Compared(
    team="majority", number=1, published_in=None, weight=1.0, query=0.565, fresh=0.58, excess=-0.015
)


def numbered(*numbers: int, team: str = "majority") -> list[Compared]:
    return [replace(FILE, team=team, number=each) for each in numbers]


def test_one_file_is_named_by_its_team() -> None:
    assert named([FILE]) == "majority"
    assert named(numbered(3)) == "majority (file 3)"
    assert named(numbered(1, team="")) == "its own file 1"
    assert weighed([FILE], written=str) == "majority"


def test_files_of_one_team_are_counted_together() -> None:
    """However they were frozen: in the order of their numbers, below their team."""
    assert named(numbered(4, 1, 3, 2)) == "a weighted mean of majority (files 1 to 4)"
    assert named(numbered(1, 2)) == "a weighted mean of majority (files 1 and 2)"
    assert named(numbered(1, 2, 3, team="")) == "a weighted mean of its own files 1 to 3"
    mixed = [*numbered(1, 5), *numbered(1, team="linear"), *numbered(2, team="majority")]
    assert named(mixed) == "a weighted mean of majority (files 1, 2 and 5) and linear"


def test_published_finals_are_told_from_references() -> None:
    """A team may be in both: its final of an earlier round is no frozen file of the organizer."""
    final = replace(FILE, team="forest", number=0, published_in=2)

    assert named([FILE, final]) == "a weighted mean of majority and the final of forest in round 2"
    assert named([final]) == "the final of forest in round 2"


def test_what_is_told_of_own_files_does_not_follow_the_labels() -> None:
    """Whether the first file alone or several explain more is found on labels that answer next."""
    assert unweighed(numbered(1, team="")) == unweighed(numbered(1, 2, 3, team=""))
    assert unweighed(numbered(1, 2)) == named(numbered(1, 2))
    assert unweighed([]) == ""


def test_weights_stand_beside_their_scores() -> None:
    files = [replace(FILE, weight=1.25), replace(FILE, number=2, weight=-0.25, query=0.5)]

    assert weighed(files, written=lambda value: f"{value:.3f}") == (
        "a weighted mean of majority, file 1 (weight 1.2500; 0.565 on query labels, 0.580 on new ones) and "
        "majority, file 2 (weight -0.2500; 0.500 on query labels, 0.580 on new ones)"
    )
