"""Lines of progress: counts by board, an estimate, and no more than one in a while."""

import threading

from lab.demo.progress import EVERY_SECONDS, Progress


def test_lines_count_each_board_and_estimate_what_is_left() -> None:
    now, said = [100.0], list[str]()
    progress = Progress(expected={"open": 40, "sybil": 60}, say=said.append, clock=lambda: now[0])

    for _ in range(9):
        progress.answered("open")
    assert said == []
    now[0] += EVERY_SECONDS
    progress.answered("sybil")
    progress.answered("sybil")

    # 10 of 100 in 15 s: 90 more take 135 s.
    assert said == ["submissions answered: open 9 of 40, sybil 1 of 60; about 2 min left"]
    now[0] += EVERY_SECONDS
    for _ in range(31):
        progress.answered("open")
    for _ in range(59):
        progress.answered("sybil")
    now[0] += EVERY_SECONDS
    progress.answered("sybil")  # one more than was expected is no time before now
    assert said[-1] == "submissions answered: open 40 of 40, sybil 62 of 60; about 0 s left"


def test_answers_of_many_threads_are_all_counted() -> None:
    now, said = [0.0], list[str]()
    progress = Progress(expected={"open": 8001}, say=said.append, clock=lambda: now[0])

    def play() -> None:
        for _ in range(1000):
            progress.answered("open")

    threads = [threading.Thread(target=play) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now[0] += EVERY_SECONDS
    progress.answered("open")

    assert said == ["submissions answered: open 8001 of 8001; about 0 s left"]
