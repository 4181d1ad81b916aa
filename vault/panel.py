"""The published item ids. A new version only appends, so a position never changes its item.

The ids of one batch are sorted, so that their order tells nothing of which item is in which holdout.
"""

import hashlib
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from vault.errors import SealingError
from vault.files import content_files, panel_files
from vault.models import Benchmark, Panel

DIRECTORY = "panels"


def latest(*, benchmark: Benchmark) -> Panel | None:
    return Panel.objects.filter(benchmark=benchmark).order_by("-version").first()


def ids(panel: Panel) -> pa.Array:
    """Give the ids in panel order, int64 or string."""
    return _ids(panel.file_key)


def new_ids(panel: Panel) -> pa.Array:
    """Give the ids that this version added, which are those of one batch."""
    earlier = Panel.objects.filter(benchmark=panel.benchmark_id, version=panel.version - 1)
    return ids(panel).slice(earlier.values_list("n_items", flat=True).first() or 0)


def file_bytes(*, panel: Panel) -> bytes:
    """Read the Parquet file, as it was published."""
    return content_files.load(file_key=panel.file_key)


def publish(*, benchmark: Benchmark, ids: pa.Array) -> Panel:
    """Publish the next version: the benchmark's known items, then these new ones.

    The caller holds a transaction and the lock on the benchmark's row, so two versions never race.
    """
    before = latest(benchmark=benchmark)
    everything = _with_new(before, ids)
    content = panel_files.write(everything)
    sha256 = hashlib.sha256(content).hexdigest()
    file_key = content_files.store(
        directory=DIRECTORY, content=content, sha256=sha256, suffix=".parquet"
    )
    return Panel.objects.create(
        benchmark=benchmark,
        version=1 if before is None else before.version + 1,
        id_kind=Panel.IdKind.STRING if everything.type == pa.string() else Panel.IdKind.INTEGER,
        n_items=len(everything),
        sha256=sha256,
        file_key=file_key,
    )


def check_new(*, benchmark: Benchmark, ids: pa.Array) -> None:
    """Refuse what `publish` would refuse, before anybody reads a report on it."""
    _with_new(latest(benchmark=benchmark), ids)


# A file never changes its content, so an entry is never stale.
@lru_cache(maxsize=8)
def _ids(file_key: str) -> pa.Array:
    return panel_files.read(content_files.load(file_key=file_key))


def _with_new(before: Panel | None, ids: pa.Array) -> pa.Array:
    new = _checked(ids)
    if before is None:
        return new
    known = _ids(before.file_key)
    if known.type != new.type:
        raise SealingError(f"the item ids of this benchmark are of kind {before.id_kind}")
    if pc.any(pc.is_in(new, value_set=known)).as_py():
        raise SealingError("an item is sealed already")
    return pa.concat_arrays([known, new])


def _checked(ids: pa.Array) -> pa.Array:
    """Sort the ids, numbers by value and strings by their UTF-8 bytes; refuse what cannot be an id."""
    if ids.type not in (pa.int64(), pa.string()):
        raise SealingError("item ids are 64-bit whole numbers or strings")
    if len(ids) == 0 or ids.null_count:
        raise SealingError("every item needs an id")
    if pc.count_distinct(ids).as_py() != len(ids):
        raise SealingError("an item id occurs twice")
    texts = panel_files.wrong_texts(ids) if ids.type == pa.string() else ()
    for is_wrong, problem in texts:
        if pc.any(is_wrong).as_py():
            raise SealingError(problem)
    return ids.take(pc.sort_indices(ids))
