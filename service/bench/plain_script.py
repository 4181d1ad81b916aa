"""What an organizer's own script does with a submission: read the file, align it by its ids, score it.

Run by `run.py bench pipeline` in a process of its own on one core; it prints files per second as JSON.
The labels are read once and stay in memory. Arguments: a directory with `labels.csv` and the submissions
`file-*.csv`, and for how many seconds to go on.
"""

import itertools
import json
import os
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import read_csv
from sklearn.metrics import accuracy_score


def score(path: Path, *, labels: pa.Table) -> float:
    given = read_csv(path)
    places = pc.index_in(labels["id"], value_set=given["id"])
    if places.null_count:
        raise ValueError(f"{path.name} lacks an item")
    aligned = given["label"].take(places)
    return float(accuracy_score(labels["label"].to_numpy(), aligned.to_numpy()))


def rate(directory: Path, *, seconds: float) -> float:
    """Files per second, after one that is not counted."""
    labels = read_csv(directory / "labels.csv")
    files = itertools.cycle(sorted(directory.glob("file-*.csv")))
    score(next(files), labels=labels)
    n, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        score(next(files), labels=labels)
        n += 1
    return n / elapsed


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.stdout.write(json.dumps(rate(Path(sys.argv[1]), seconds=float(sys.argv[2]))))
