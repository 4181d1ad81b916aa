"""Who is served next: one team cannot take all places, and those who wait come team by team."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from vault.files.parser_turns import Room, Turns


class Served:
    """Threads that wait for a turn, in a known order, and who has had one so far."""

    def __init__(self, turns: Turns) -> None:
        self.order: list[str] = []
        self._turns = turns
        self._threads: list[threading.Thread] = []
        self._leave = threading.Semaphore(0)

    def wait(self, name: str, team: int | None) -> None:
        n_waiting = len(self._turns._queue)
        n_served = len(self.order)
        thread = threading.Thread(target=self._take, args=(name, team), daemon=True)
        self._threads.append(thread)
        thread.start()
        until(lambda: len(self._turns._queue) > n_waiting or len(self.order) > n_served)

    def _take(self, name: str, team: int | None) -> None:
        with self._turns.turn(team):
            self.order.append(name)
            self._leave.acquire()

    def end_all(self) -> list[str]:
        """Each leaves before the next comes in, where there is one place."""
        for n_done in range(1, len(self._threads) + 1):
            self._let_go(n_done)
        for thread in self._threads:
            thread.join(20)
        return self.order

    def _let_go(self, n_done: int) -> None:
        until(lambda: len(self.order) >= n_done)
        self._leave.release()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_teams_are_served_in_turn_and_each_in_its_order() -> None:
    served = Served(Turns(n_places=1, most_of_team=1))
    for index in range(4):
        served.wait(f"a{index}", 1)
    served.wait("b0", 2)
    served.wait("b1", 2)
    served.wait("c0", None)

    assert served.end_all() == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_team_has_its_share_of_the_places_though_others_are_free() -> None:
    turns = Turns(n_places=4, most_of_team=2)
    served = Served(turns)
    for index in range(5):
        served.wait(f"a{index}", 1)
    served.wait("b0", 2)

    assert served.order == ["a0", "a1", "b0"]
    assert len(turns._queue) == 3
    assert sorted(served.end_all()) == ["a0", "a1", "a2", "a3", "a4", "b0"]


def test_place_of_a_block_that_fails_is_free_again() -> None:
    turns = Turns(n_places=1, most_of_team=1)
    for _ in range(3):
        with suppress(ZeroDivisionError), turns.turn(1):
            raise ZeroDivisionError
    with turns.turn(2):
        assert turns._n_free == 0
    assert turns._n_free == 1
    assert not turns._at_work


def test_old_teams_are_forgotten() -> None:
    turns = Turns(n_places=1, most_of_team=1)
    for team in range(3000):
        with turns.turn(team):
            pass

    assert len(turns._served) <= 1000


def test_room_has_a_share_for_each_team_and_none_for_the_organizer() -> None:
    room = Room(n_places=4, most_of_team=2)

    assert [room.enter(1) for _ in range(3)] == [
        "",
        "",
        "2 large files of this team are being parsed",
    ]
    assert [room.enter(None) for _ in range(3)] == ["", "", "too many files are being parsed"]
    room.leave(1)
    assert room.enter(2) == ""
    assert room.enter(1) == "too many files are being parsed"
