"""A table of ids and answers as a file: CSV that any script can read, or Parquet."""

import csv
import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vault.api import negotiation

FORMS = {"csv": negotiation.CSV, "parquet": negotiation.PARQUET}


def as_csv(table: pa.Table) -> bytes:
    """Write quotes only where a text needs them: a script should get by with a comma at a line's end.

    Arrow's own writer quotes every text. An id holds no line break and no other control character; a number
    is the shortest text that reads back as the same double.
    """
    header = io.StringIO()
    csv.writer(header, lineterminator="").writerow(table.column_names)
    columns = []
    for column in table.columns:
        texts = column.cast(pa.string())
        doubled = pc.replace_substring(texts, '"', '""')
        quoted = pc.binary_join_element_wise('"', doubled, '"', "")
        columns.append(pc.if_else(pc.match_substring_regex(texts, '[",]'), quoted, texts))
    lines = pc.binary_join_element_wise(*columns, ",") if len(columns) > 1 else columns[0]
    return "\n".join([header.getvalue(), *lines.to_pylist(), ""]).encode()


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
