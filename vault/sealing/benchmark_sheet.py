"""The file of public keys of one benchmark, as the API and the admin hand it out. It carries no cipher."""

from vault import panel
from vault.models import Benchmark, Panel, SealingKey
from vault.sealing.sealing_sheet import KnownPanel, PublicKey, Sheet
from vault.sealing.terms import Terms


def terms_of(benchmark: Benchmark) -> Terms:
    is_regression = benchmark.task == Benchmark.Task.REGRESSION
    return Terms(
        slug=benchmark.slug,
        task=str(benchmark.task),
        classes=() if is_regression else tuple(benchmark.classes),
        loss_cap=benchmark.loss_cap,
    )


def known_panel(latest: Panel | None) -> KnownPanel | None:
    """Write the newest panel as a file of public keys names it."""
    if latest is None:
        return None
    return KnownPanel(
        version=latest.version,
        n_items=latest.n_items,
        sha256=latest.sha256,
        id_kind=str(latest.id_kind),
    )


def sheet_of(benchmark: Benchmark) -> Sheet:
    """Name the active keys of both workers, and the newest panel."""
    keys = SealingKey.objects.filter(is_active=True).order_by("purpose")
    return Sheet(
        terms=terms_of(benchmark),
        keys=tuple(
            PublicKey(purpose=key.purpose, kid=key.kid, public_key=bytes(key.public_key).hex())
            for key in keys
        ),
        panel=known_panel(panel.latest(benchmark=benchmark)),
    )
