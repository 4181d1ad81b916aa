"""The planner's table in words and as JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from audits import leakage, rounding
from lab.attacks.coalitions import Coalition
from stats.ledger import MAX_QUERIES, proven_error
from stats.planning import GUARDED, MechanismRow, Plan, Planned, Proof

NO_BOUND = "no proven bound"
NOTHING = "nothing"
BOUNDS = {
    "non_adaptive": "all submissions fixed before the first answer (Hoeffding)",
    "sample_split": "each submission on items of its own",
    "ladder_theorem": "fixed-step Ladder, theorem of Blum and Hardt",
    "jung": "Gaussian noise, transfer theorem of Jung et al.",
    "rogers": "Gaussian noise, mutual information (Rogers et al.)",
}


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What publishing the round coarsely tells of its fresh holdout, which then answers the next round."""

    n_fresh: int
    resolution: float
    nats: float
    # Of all teams acting as one in a next round like this one, without and with what was published.
    untold: float | None
    told: float | None


def publication_of(*, plan: Plan, n_fresh: int | None, references: int) -> Publication | None:
    """Say what a coarse publication tells; None where nobody asked.

    The next round is planned as this one, on the items that are fresh now.
    """
    if n_fresh is None:
        return None
    # Where the range lies does not matter, only that R2 has no lower end.
    lowest = -math.inf if plan.metric == "r2" else 0.0
    grid = rounding.coarse(unit=plan.unit, bounds=(lowest, plan.unit), n_fresh=n_fresh)
    nats = leakage.most(teams=plan.teams, references=references, levels=grid.levels)
    account = _next(plan, n_fresh=n_fresh).account(mechanism=GUARDED)
    answers = plan.teams * account.nats(k=plan.k)
    bounds = [
        proven_error(account=account, nats=each, k=plan.teams * plan.k, beta=plan.beta)
        for each in (answers, answers + nats)
    ]
    return Publication(
        n_fresh=n_fresh, resolution=grid.step, nats=nats, untold=bounds[0], told=bounds[1]
    )


def _next(plan: Plan, *, n_fresh: int) -> Plan:
    """Plan the round that these fresh items answer; their groups are like those of the query items."""
    if plan.n_effective is None:
        return replace(plan, n=n_fresh)
    return replace(plan, n=n_fresh, n_effective=max(1.0, plan.n_effective * n_fresh / plan.n))


def as_json(
    *,
    table: Planned,
    coalitions: Sequence[Coalition] | None,
    publication: Publication | None = None,
) -> dict[str, Any]:
    """`guaranteed_error` is null where the bound is beyond tau, `permissible_queries` without a proof."""
    plan = table.plan
    return {
        "n": plan.n,
        "n_effective": plan.n_effective,
        "tau": plan.tau,
        "beta": plan.beta,
        "k": plan.k,
        "b": plan.b,
        "teams": plan.teams,
        "metric": plan.metric,
        "unit": plan.unit,
        "told": plan.told,
        "guarantees_nothing": table.guarantees_nothing,
        "attack_cap": table.attack_cap,
        "mechanisms": [
            {
                "mechanism": row.mechanism,
                "parameters": row.parameters,
                "nats": row.nats,
                "is_provable": row.is_provable,
                **_proof(row.proof),
                "permissible_queries": row.permissible,
            }
            for row in table.mechanisms
        ],
        "guarded_ladder": {
            "colluding": {"teams": plan.teams, **_proof(table.colluding)},
            "alone": _proof(table.alone),
            "coalitions": None
            if coalitions is None
            else [
                {
                    "accounts": each.accounts,
                    "attack": each.attack,
                    "gain_mean": each.gain_mean,
                    "gain_sd": each.gain_sd,
                    "reps": each.reps,
                }
                for each in coalitions
            ],
        },
        "for_comparison": [
            {"bound_of": row.bound, **_proof(row.proof), "permissible_queries": row.permissible}
            for row in table.bounds
        ],
        "publication": None if publication is None else asdict(publication),
    }


def as_text(
    *,
    table: Planned,
    coalitions: Sequence[Coalition] | None,
    publication: Publication | None = None,
) -> str:
    plan = table.plan
    parts = [
        _asked(plan),
        *([_nothing(table)] if table.guarantees_nothing else []),
        _mechanisms(table),
        _attack(table),
        _three_errors(table, coalitions),
        _published(publication),
        *([_comparison(table)] if table.bounds else []),
    ]
    return "\n\n".join(part for part in parts if part)


def _proof(proof: Proof) -> dict[str, float | None]:
    return {"guaranteed_error": proof.error, "bound": proof.bound}


def _asked(plan: Plan) -> str:
    teams = "1 team" if plan.teams == 1 else f"{plan.teams:,} teams"
    before = f" Revealed before: {plan.told:,.1f} nats." if plan.told else ""
    return (
        f"{plan.n:,} items{_worth(plan)}, {plan.metric}: {teams}, {plan.k:,} queries each.{before}\n"
        f"Asked: every answer within {plan.tau:g} of the truth, in all but {plan.beta:g} of the rounds."
    )


def _worth(plan: Plan) -> str:
    if plan.n_effective is None:
        return ""
    return f" in groups that are drawn whole, which prove as much as {plan.n_effective:,.0f} independent ones"


def _nothing(table: Planned) -> str:
    plan = table.plan
    if table.least_error is None:
        return (
            f"No bound is proven for {plan.metric}, which is no mean of items: "
            "this table guarantees nothing for it."
        )
    return (
        f"{plan.n:,} items guarantee nothing at {plan.tau:g}: even one single answer, to a file that was "
        f"made before any, may be off by {table.least_error:.4f}."
    )


def _mechanisms(table: Planned) -> str:
    header = ("mechanism", "parameters", "nats", "guaranteed error", "permissible queries")
    rows = [
        (
            row.mechanism,
            _parameters(row),
            f"{row.nats:,.1f}" if row.is_provable else "-",
            _error(row.proof) if row.is_provable else NO_BOUND,
            NO_BOUND if row.permissible is None else _queries(row.permissible),
        )
        for row in table.mechanisms
    ]
    return (
        f"For one team that asks {table.plan.k:,} queries; permissible queries keep every answer within "
        f"{table.plan.tau:g}:\n{_table(header, rows)}"
    )


def _attack(table: Planned) -> str:
    if table.attack_cap is None:
        return ""
    return (
        f"After {table.attack_cap:,.0f} exact answers the linear attack has gained {table.plan.tau:g} on a "
        "coin-flip task (an attack that exists, not a guarantee)."
    )


def _three_errors(table: Planned, coalitions: Sequence[Coalition] | None) -> str:
    plan = table.plan
    together = (
        "the one admitted team"
        if plan.teams == 1
        else f"all {plan.teams:,} admitted teams acting as one"
    )
    return "\n".join(
        [
            "Guarded Ladder:",
            f"- {together} (proven): {_in_words(table.colluding)}",
            f"- one team that sees no board (proven): {_in_words(table.alone)}",
            f"- coalitions under the attack suite (simulated): {_coalitions(coalitions)}",
        ]
    )


def _in_words(proof: Proof) -> str:
    if proof.error is not None:
        return f"within {proof.error:.4f}"
    if proof.bound is None:
        return "nothing is guaranteed"
    return f"nothing within {proof.tau:g} is guaranteed (the bound is {proof.bound:.4f})"


def _coalitions(coalitions: Sequence[Coalition] | None) -> str:
    if coalitions is None:
        return "not simulated"
    found = ", ".join(
        f"{each.accounts} account{'s'[: each.accounts > 1]} {each.gain_mean:.4f}"
        for each in coalitions
    )
    return f"{found} gained, on average of {coalitions[0].reps} runs"


def _published(given: Publication | None) -> str:
    if given is None:
        return ""
    untold, now = (
        "nothing is guaranteed" if bound is None else f"within {bound:.4f}"
        for bound in (given.untold, given.told)
    )
    return "\n".join(
        [
            f"Publication, {given.n_fresh:,} fresh items:",
            f"- coarse: figures to the nearest {given.resolution:.2g} tell at most {given.nats:,.1f} nats; "
            "one sealed shard a round",
            f"- the next round on these items, all teams acting as one: {now} "
            f"({untold} without this publication)",
            "- full: every figure; the fresh holdout retires, so two sealed shards a round",
        ]
    )


def _comparison(table: Planned) -> str:
    header = ("for comparison, in accuracy", "guaranteed error", "permissible queries")
    rows = [
        (BOUNDS[row.bound], _error(row.proof), _queries(row.permissible)) for row in table.bounds
    ]
    return _table(header, rows)


def _error(proof: Proof) -> str:
    return NOTHING if proof.error is None else f"{proof.error:.4f}"


def _queries(permissible: int) -> str:
    return f"over {MAX_QUERIES:,}" if permissible == MAX_QUERIES else f"{permissible:,}"


def _parameters(row: MechanismRow) -> str:
    given = (f"{name}={value:g}" for name, value in row.parameters.items() if value is not None)
    return " ".join(given) or "-"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
