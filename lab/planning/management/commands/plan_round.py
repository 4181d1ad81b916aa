"""`manage.py plan_round`: what a holdout of n items can guarantee, by mechanism."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lab.attacks import coalitions
from lab.attacks.coalitions import Coalition
from lab.planning import round_plan
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS, PROBABILITY_CLIP, Scorer
from stats.planning import GUARDED, Plan, planned

STDOUT = Path("-")


class Command(BaseCommand):
    help = "Say what a holdout guarantees, by release mechanism, and what coalitions gain from it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--n", type=int, required=True, help="items of the query holdout")
        parser.add_argument(
            "--n-effective",
            type=float,
            help="where whole groups are drawn, (sum of their sizes)^2 / sum of squared sizes: the number "
            "of groups if they are equally large; the page of a sealed holdout shows it",
        )
        parser.add_argument(
            "--tau", type=float, required=True, help="error allowed, in the metric's units"
        )
        parser.add_argument(
            "--beta", type=float, default=0.05, help="share of rounds in which a bound may fail"
        )
        parser.add_argument("--k", type=int, default=100, help="queries of each team")
        parser.add_argument(
            "--b", type=int, help="cap on accepted improvements; each mechanism has its own default"
        )
        parser.add_argument("--teams", type=int, default=1, help="teams that see scores")
        parser.add_argument("--metric", default="accuracy", help=", ".join(METRICS))
        parser.add_argument("--classes", type=int, default=2, help="classes of the task")
        parser.add_argument("--loss-cap", type=float, help="a regression's largest error")
        parser.add_argument(
            "--probability-clip",
            type=float,
            default=PROBABILITY_CLIP,
            help="how near to 0 and 1 the log loss lets a probability come",
        )
        parser.add_argument(
            "--cost-matrix",
            help="JSON: a row of costs for each true class, a column for each decision",
        )
        parser.add_argument(
            "--told",
            type=float,
            default=0.0,
            help="nats that the holdout revealed before: publications about it, displayed references",
        )
        parser.add_argument(
            "--fresh", type=int, help="items of the fresh holdout: what a coarse publication tells"
        )
        parser.add_argument(
            "--references", type=int, default=1, help="references in that publication"
        )
        parser.add_argument(
            "--reps", type=int, default=20, help="runs of each coalition; 0 leaves them out"
        )
        parser.add_argument("--seed", type=int, default=1, help="of the coalitions' runs")
        parser.add_argument(
            "--json", type=Path, metavar="FILE", help="write JSON there; - is standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = asked(options)
        table = planned(plan=plan)
        simulated = self._coalitions(plan, reps=options["reps"], seed=options["seed"])
        publication = round_plan.publication_of(
            plan=plan, n_fresh=options["fresh"], references=options["references"]
        )
        if options["json"] is None:
            self.stdout.write(
                round_plan.as_text(table=table, coalitions=simulated, publication=publication)
            )
            return
        found = round_plan.as_json(table=table, coalitions=simulated, publication=publication)
        text = json.dumps(found, indent=1)
        if options["json"] == STDOUT:
            self.stdout.write(text)
            return
        try:
            options["json"].write_text(text + "\n")
        except OSError as error:
            raise CommandError(f"--json: {error}") from None

    def _coalitions(self, plan: Plan, *, reps: int, seed: int) -> list[Coalition] | None:
        """Simulate coalitions, unless it takes too long or the metric is not accuracy, their unit."""
        if reps == 0 or plan.metric != "accuracy":
            return None
        if plan.n_effective is not None:
            self.stderr.write("coalitions are not simulated: their items are independent")
            return None
        if coalitions.is_too_large(n=plan.n, k=plan.k, reps=reps):
            self.stderr.write("coalitions are not simulated: it would take too long; lower --reps")
            return None
        b = MECHANISMS[GUARDED].parameters()["b"] if plan.b is None else plan.b
        return coalitions.simulated(n=plan.n, k=plan.k, b=b, reps=reps, seed=seed)


def asked(options: dict[str, Any]) -> Plan:
    """Turn the options into a plan; what is wrong with one is said by its name."""
    _check_simulated_and_published(options)
    if options["classes"] < 2:
        raise CommandError("--classes must be at least 2")
    if options["metric"] not in METRICS:
        raise CommandError(f"--metric must be one of {', '.join(METRICS)}")
    unit = _unit(options)
    names = ("n", "n_effective", "tau", "beta", "k", "b", "teams", "metric", "told")
    try:
        return Plan(**{name: options[name] for name in names}, unit=unit)
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        raise CommandError(f"--{name.replace('_', '-')} {rest}") from None


def _unit(options: dict[str, Any]) -> float:
    """Return the metric's range; an error names the option at fault."""
    is_regression = "regression" in METRICS[options["metric"]].tasks
    try:
        costs = options["cost_matrix"]
        return Scorer(
            metric=options["metric"],
            n_classes=None if is_regression else options["classes"],
            loss_cap=options["loss_cap"],
            probability_clip=options["probability_clip"],
            cost_matrix=None if costs is None else json.loads(costs),
        ).unit
    except json.JSONDecodeError as error:
        raise CommandError(f"--cost-matrix: {error}") from None
    except ValueError as error:
        rule, _, rest = str(error).partition(" ")
        option = rule.replace("n_classes", "classes").replace("_", "-")
        raise CommandError(f"--{option} {rest}") from None


def _check_simulated_and_published(options: dict[str, Any]) -> None:
    if options["reps"] < 0 or options["reps"] == 1:
        raise CommandError("--reps must be 0, or at least 2")
    if options["seed"] < 0:
        raise CommandError("--seed must not be negative")
    if options["fresh"] is not None and options["fresh"] < 1:
        raise CommandError("--fresh must be at least 1")
    if options["references"] < 0:
        raise CommandError("--references must not be negative")
