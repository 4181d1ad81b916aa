"""What publishing a round tells everybody and takes from the holdouts, for the page that asks for it."""

from vault import conveyor
from vault.models import Round
from vault.statuses import PublicationKind

_FOLLOWS = {
    PublicationKind.COARSE: "Everybody will see each verdict, and rounded fresh figures of the finals that "
    "beat the baseline. The query holdout retires, and the fresh one takes its place, "
    "if its draw has another shard to judge; else it retires, too, and the next draw goes on.",
    PublicationKind.FULL: "Everybody will see each verdict, and the exact fresh figures of all finals with "
    "all metrics. The query holdout and the fresh one retire, and the next come out of the stock.",
}


def explained(round: Round) -> str:
    """Say it of the publication that was chosen when the round was planned."""
    kind = PublicationKind(round.publication)
    return (
        f"The publication is {kind.value}, as planned. {_FOLLOWS[kind]} Stock of labels: "
        f"{conveyor.stock(benchmark=round.benchmark).line}. Read the report first: this cannot be undone."
    )
