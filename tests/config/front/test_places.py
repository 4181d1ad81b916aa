"""Who may send at once: so many bodies and bytes of one caller, and of all."""

import asyncio
from typing import Any

import pytest

from config.front.places import NoPlaceError, NoPlaceOfOneError, Places


def places(**changes: Any) -> Places:
    usual = {
        "most": 4,
        "most_of_one": 2,
        "most_bytes": 100,
        "most_bytes_of_one": 50,
        "patience": 0.02,
        "most_waiting": 8,
    }
    return Places(**{**usual, **changes})


async def held(made: Places, *bodies: tuple[str, int], then: tuple[str, int]) -> str:
    """What one more body is told while others hold their places."""
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def hold(caller: str, n_bytes: int) -> None:
            async with made.taken(caller, n_bytes=n_bytes):
                await done.wait()

        for caller, n_bytes in bodies:
            group.create_task(hold(caller, n_bytes))
        await asyncio.sleep(0)
        try:
            async with made.taken(then[0], n_bytes=then[1]):
                return "taken"
        except NoPlaceError as error:
            return type(error).__name__
        finally:
            done.set()


@pytest.mark.parametrize(
    ("bodies", "then", "told"),
    [
        ([("a", 1)], ("a", 1), "taken"),
        ([("a", 1)] * 2, ("a", 1), "NoPlaceOfOneError"),
        ([("a", 1)] * 2, ("b", 1), "taken"),
        ([("a", 1)] * 2 + [("b", 1)] * 2, ("c", 1), "NoPlaceError"),
        ([("a", 30)], ("a", 30), "NoPlaceOfOneError"),
        ([("a", 50), ("b", 40)], ("c", 20), "NoPlaceError"),
        # Whoever holds nothing may send a body of any size, if there is room.
        ([], ("a", 1000), "taken"),
    ],
)
def test_places_of_one_and_of_all(
    bodies: list[tuple[str, int]], then: tuple[str, int], told: str
) -> None:
    assert asyncio.run(held(places(), *bodies, then=then)) == told


def test_bytes_are_held_until_the_answer_and_places_until_arrival() -> None:
    async def act() -> None:
        made = places()
        async with made.taken("a", n_bytes=30) as arrived, made.taken("a", n_bytes=10):
            arrived()
            async with made.taken("a", n_bytes=10):
                pass
            with pytest.raises(NoPlaceOfOneError):
                async with made.taken("a", n_bytes=11):
                    pass
        assert not made._arriving
        assert not made._held
        assert not made._waiting

    asyncio.run(act())


def test_burst_waits_its_turn() -> None:
    async def act() -> list[int]:
        made = places(patience=60)
        seen: list[int] = []

        async def send(number: int) -> None:
            async with made.taken("a", n_bytes=1):
                await asyncio.sleep(0)
                seen.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(send(number))
        return seen

    assert sorted(asyncio.run(act())) == list(range(10))


def test_only_so_many_wait() -> None:
    async def act() -> int:
        made = places(patience=60)
        done = asyncio.Event()

        async def send() -> None:
            async with made.taken("a", n_bytes=1):
                await done.wait()

        waiting = [asyncio.ensure_future(send()) for _ in range(12)]
        refused = 0
        while not refused:
            await asyncio.sleep(0)
            refused = sum(each.done() for each in waiting)
        done.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        return sum(isinstance(end, NoPlaceOfOneError) for end in ends)

    # Two send and eight wait.
    assert asyncio.run(act()) == 2
