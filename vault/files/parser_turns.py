"""Who is next where several teams wait for few places: the teams in turn, whatever each of them asks for.

Two limits keep one team from standing in the way of the others: of the places it may hold a share, and of
those who wait, or are at work, it may be a share. Nothing here knows what the places are for.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Teams of which it is known when they were last served.
_REMEMBERED = 1000


@dataclass(eq=False, kw_only=True)
class _Waiting:
    team: int | None
    has_turn: bool = False


class Turns:
    """`n_places`, of which one team holds `most_of_team` at a time; no team (None) is a team of its own."""

    def __init__(self, *, n_places: int, most_of_team: int) -> None:
        self._n_free = n_places
        self._most_of_team = most_of_team
        self._changed = threading.Condition()
        self._queue: list[_Waiting] = []
        self._at_work: Counter[int | None] = Counter()
        self._served: OrderedDict[int | None, int] = OrderedDict()
        self._n_served = 0

    @contextmanager
    def turn(self, team: int | None) -> Iterator[None]:
        """Wait for a place. Of one team whoever came first is served first."""
        waiting = _Waiting(team=team)
        with self._changed:
            self._queue.append(waiting)
            self._give_out()
            try:
                self._changed.wait_for(lambda: waiting.has_turn)
            # Whoever is interrupted waits no longer, and holds nothing.
            except BaseException:
                if waiting.has_turn:
                    self._give_back(team)
                else:
                    self._queue.remove(waiting)
                raise
        try:
            yield
        finally:
            with self._changed:
                self._give_back(team)

    def _give_back(self, team: int | None) -> None:
        self._n_free += 1
        self._at_work -= Counter([team])  # which drops whoever has none left
        self._give_out()

    def _give_out(self) -> None:
        while self._n_free and (chosen := self._next()) is not None:
            self._queue.remove(chosen)
            chosen.has_turn = True
            self._n_free -= 1
            self._at_work[chosen.team] += 1
            self._n_served += 1
            self._served[chosen.team] = self._n_served
            self._served.move_to_end(chosen.team)
            if len(self._served) > _REMEMBERED:
                self._served.popitem(last=False)
        self._changed.notify_all()

    def _next(self) -> _Waiting | None:
        """Find the first of the team with the least at work; among equals, of the one served longest ago."""
        may = [each for each in self._queue if self._at_work[each.team] < self._most_of_team]
        return min(
            may,
            key=lambda each: (self._at_work[each.team], self._served.get(each.team, 0)),
            default=None,
        )


class Room:
    """For so many at a time, of one team for so many; who finds none is told at once."""

    def __init__(self, *, n_places: int, most_of_team: int) -> None:
        self._n_free = n_places
        self._most_of_team = most_of_team
        self._lock = threading.Lock()
        self._inside: Counter[int | None] = Counter()

    def enter(self, team: int | None) -> str:
        """Empty, or what the room is full of. Whoever got in leaves again; no team has no limit."""
        with self._lock:
            if not self._n_free:
                return "too many files are being parsed"
            if team is not None and self._inside[team] >= self._most_of_team:
                return f"{self._most_of_team} large files of this team are being parsed"
            self._n_free -= 1
            self._inside[team] += 1
            return ""

    def leave(self, team: int | None) -> None:
        with self._lock:
            self._n_free += 1
            self._inside -= Counter([team])
