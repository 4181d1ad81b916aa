"""A benchmark's label files: read as its classes and the ids that it has already ask for."""

import pyarrow as pa

from vault import panel
from vault.files import label_tables
from vault.files.columns import ID_KINDS, Kind
from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Panel
from vault.sealing import benchmark_sheet


def read(
    *, body: bytes, content_type: str, benchmark: Benchmark, among: pa.Array | None = None
) -> LabelTable:
    """Read a label file; raise `InvalidFileError`, which says nothing of the labels themselves.

    With `among` it may have these items alone.
    """
    return label_tables.read(
        body=body,
        content_type=content_type,
        classes=benchmark_sheet.terms_of(benchmark).classes,
        id_kind=id_kind_of(panel.latest(benchmark=benchmark)),
        among=among,
    )


def id_kind_of(published: Panel | None) -> Kind:
    """Say how ids are read behind this panel: the first ones may be of either kind."""
    return Kind.KEY if published is None else ID_KINDS[published.id_kind]
