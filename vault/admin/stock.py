"""For how many rounds the sealed labels are enough, on the pages that spend them."""

from django.contrib import messages
from django.http import HttpRequest

from vault import conveyor
from vault.admin.pages import Table
from vault.models import Benchmark


def stock_of(benchmark: Benchmark) -> list[Table]:
    """Show the stock of a benchmark with sealed labels."""
    if not benchmark.holdouts.exists():
        return []
    stock = conveyor.stock(benchmark=benchmark)
    rows = [
        ("Auditable rounds left, each published coarsely", f"{stock.coarse_rounds:,}"),
        ("Auditable rounds left, each published in full", f"{stock.full_rounds:,}"),
    ]
    return [
        Table(
            heading="Stock of labels", note=f"{stock.line}.", header=("What", "How many"), rows=rows
        )
    ]


def warn_of_stock(request: HttpRequest, benchmark: Benchmark) -> None:
    """Warn whoever comes by when it runs out."""
    if warning := conveyor.stock(benchmark=benchmark).warning:
        messages.warning(request, f"{benchmark.slug}: {warning}")
