"""What a tested file was compared with, in words: which files, and how much each of them counts."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One file that another is compared with."""

    # As people know its team; empty: the file is of the tested team's own.
    team: str
    # Among its team's files.
    number: int
    # In which round it was published, of a final of an earlier one.
    published_in: int | None
    weight: float
    # Exact, in the metric's units; how much better the file looks on query labels, whatever the direction.
    query: float
    fresh: float
    excess: float

    @property
    def name(self) -> str:
        """How it is called in a table."""
        if self.published_in is not None:
            return f"the final of {self.team} in round {self.published_in:,}"
        return (
            f"{self.team}, file {self.number:,}" if self.team else f"its own file {self.number:,}"
        )


def named(files: Sequence[Compared]) -> str:
    """Name the files: majority; its own file 1; a weighted mean of majority (files 1 to 4) and linear."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for each in files:
        if each.published_in is None:
            numbers[each.team].append(each.number)
    frozen = [_files_of(team, sorted(own)) for team, own in numbers.items()]
    return _mean([*frozen, *(each.name for each in files if each.published_in is not None)], files)


def unweighed(files: Sequence[Compared]) -> str:
    """Name them where labels are still to answer: how many of a team's own files count follows the labels."""
    is_own = any(not each.team for each in files)
    return "a weighted mean of its own first files" if is_own else named(files)


def weighed(files: Sequence[Compared], *, written: Callable[[float], str]) -> str:
    """Name them with weights and scores, so that a reader can compute their mean; of one its name alone."""
    if len(files) == 1:
        return named(files)
    spoken = [
        f"{each.name} (weight {each.weight:.4f}; {written(each.query)} on query labels, "
        f"{written(each.fresh)} on new ones)"
        for each in files
    ]
    return _mean(spoken, files)


def _mean(spoken: list[str], files: Sequence[Compared]) -> str:
    return f"a weighted mean of {_and(spoken)}" if len(files) > 1 else "".join(spoken)


def _files_of(team: str, numbers: list[int]) -> str:
    if team and numbers == [1]:
        return team
    start, end = numbers[0], numbers[-1]
    counted = f"file{'s'[: len(numbers) != 1]} {_and([f'{each:,}' for each in numbers])}"
    if len(numbers) > 2 and end - start == len(numbers) - 1:
        counted = f"files {start:,} to {end:,}"
    return f"{team} ({counted})" if team else f"its own {counted}"


def _and(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
