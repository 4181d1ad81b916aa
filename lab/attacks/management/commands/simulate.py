"""`manage.py simulate`: an attack on a release mechanism in memory, or the matrix of all."""

import json
from argparse import ArgumentParser
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from lab.attacks.catalogue import ATTACKS, Setup
from lab.attacks.simulation import COLUMNS, N, Worst, matrix, simulate
from lab.attacks.sybils import first_answer_sybil, sandbag_ladder
from stats.mechanisms import MECHANISMS

ACCOUNTS = (1, 3, 5, 20)
COALITION_QUERIES, IMPROVEMENTS, COALITION_REPS = 100, 5, 20


class Command(BaseCommand):
    help = "Measure what an attack takes from the query labels through a release mechanism."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mechanism", choices=sorted(MECHANISMS))
        parser.add_argument("--parameters", default="{}", metavar="JSON", help="of the mechanism")
        parser.add_argument("--attack", choices=sorted(ATTACKS))
        parser.add_argument("--n", type=int, default=N, help="query items")
        parser.add_argument("--k", type=int, default=400, help="queries")
        parser.add_argument("--reps", type=int, default=6)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--base", type=float, default=0.5, help="accuracy of the baseline")
        parser.add_argument(
            "--contested", type=float, help="share of the items (default: all, or none)"
        )
        parser.add_argument("--json", metavar="FILE", help="write the result there; - for stdout")
        parser.add_argument("--matrix", action="store_true", help="every mechanism, every attack")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("n", "k", "reps"):
            if options[name] < 1:
                raise CommandError(f"--{name} must be at least 1")
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative")
        if options["matrix"]:
            self._matrix(seed=options["seed"])
        else:
            self._cell(options)

    def _cell(self, options: dict[str, Any]) -> None:
        for name in ("mechanism", "attack"):
            if options[name] is None:
                raise CommandError(f"--{name} is needed, unless --matrix is given")
        try:
            found = simulate(
                attack=options["attack"],
                setup=_setup_of(options),
                reps=options["reps"],
                rng=np.random.default_rng(options["seed"]),
            )
        except ValueError as error:
            raise CommandError(f"--parameters, --base, --contested: {error}") from None
        text = json.dumps(found.as_json())
        if options["json"] in (None, "-"):
            self.stdout.write(text)
        else:
            with open(options["json"], "w") as file:
                file.write(text + "\n")

    def _matrix(self, *, seed: int) -> None:
        names = [f"base {c.base:g}, contested {c.contested:g}, k={c.k}" for c in COLUMNS]
        self.stdout.write(f"| n={N} | {' | '.join(names)} |\n|---{'|---' * len(COLUMNS)}|")
        cells: list[str] = []
        for worst in matrix(seed=seed):
            cells.append(_written(worst))
            if len(cells) == len(COLUMNS):
                self.stdout.write(f"| {worst.row.name} | {' | '.join(cells)} |")
                self.stdout.flush()
                cells.clear()
        self.stdout.write(coalitions(seed=seed))


def coalitions(*, seed: int) -> str:
    """Tabulate the near-ideal attackers of the guarded Ladder, by accounts."""
    rng = np.random.default_rng([seed, N])
    lines = [
        f"\n| accounts | sandbagging, k={COALITION_QUERIES} each, b={IMPROVEMENTS} | one query each |",
        "|---|---|---|",
    ]
    for accounts in ACCOUNTS:
        stairs = [
            sandbag_ladder(n=N, k=COALITION_QUERIES, b=IMPROVEMENTS, accounts=accounts, rng=rng)
            for _ in range(COALITION_REPS)
        ]
        firsts = [
            first_answer_sybil(n=N, accounts=accounts, rng=rng) for _ in range(COALITION_REPS)
        ]
        lines.append(f"| {accounts} | {np.mean(stairs):.4f} | {np.mean(firsts):.4f} |")
    return "\n".join(lines)


def _written(worst: Worst) -> str:
    bound = worst.simulated.bound
    proven = "nothing proven" if bound is None else f"proven {bound:.3f}"
    return f"{worst.simulated.gain_mean:.4f} ({worst.attack}; {proven})"


def _setup_of(options: dict[str, Any]) -> Setup:
    mechanism = MECHANISMS[options["mechanism"]]
    contested = options["contested"]
    if contested is None:
        # A baseline above chance is right on most items: nothing is contested unless it is said.
        contested = 1.0 if options["base"] == 0.5 else 0.0
    return Setup(
        mechanism=options["mechanism"],
        parameters=mechanism.parameters(**json.loads(options["parameters"])),
        n=options["n"],
        k=options["k"],
        base=options["base"],
        contested=contested,
    )
