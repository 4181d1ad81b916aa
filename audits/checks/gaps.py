"""Each model's gap between query items and others; of another draw also the line of one score on the other.

On the query holdout's own draw only files that cannot have adapted are compared: of a file that was chosen
for its score on query labels a gap is expected. On another draw every model is: there the sets may differ,
which moves all models together. Shown, and read by no verdict: those rest on the query holdout's own draw.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import other_draws, sentences
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Answers, Collected, Entrant, Opened
from audits.models import Finding
from audits.reading import Reading
from stats import gate
from stats.draw import draw
from stats.effective_number import effective_number
from stats.line_fit import line_fit, slope_over_items
from stats.metrics import METRICS
from stats.multiplicity import holm
from stats.two_sample import binomial_gap

NAME = "gaps"
# Of all models of a holdout together, by Holm; and of each first file for itself, which counts them.
LEVEL, CONTROL_LEVEL = 0.01, 0.05
# A line needs so many models, and so many different scores: closer ones a bootstrap takes for equal.
MIN_MODELS, MIN_SCORES, DIGITS = 4, 3, 5
# Where accuracies span more, equal steps are no equal steps in skill.
WIDE = 0.10

Matrix = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Model:
    """One file: its items on both sets, higher better, and its oriented exact scores there."""

    team_id: int
    query_items: Matrix
    other_items: Matrix
    query: float
    other: float


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board, of the query holdout's own draw and of each other holdout."""
    evidence: dict[str, Any] = {}
    is_counted = METRICS[collected.metric].counts_items
    if collected.draw is not None and is_counted and collected.untuned:
        evidence["own_draw"] = _on_own_draw(collected)
    others = [_on_another(collected, *each, context) for each in collected.others.items()]
    if known := [each for each in others if each]:
        evidence["others"] = known
    return [Finding(evidence=evidence)] if evidence else []


def _on_own_draw(collected: Collected) -> dict[str, Any]:
    """List the references and count first files, of which some differ by chance alone."""
    files, firsts = collected.references, collected.came_before_any_answer
    sizes = {"n": _worth(collected.query), "m": _worth(collected.fresh)}
    names = [each.team_id for each in collected.reference_teams]
    query, fresh = (
        np.array([getattr(each.columns, name)[0] for each in firsts])
        for name in ("query_exact", "fresh_exact")
    )
    return {
        "models": _listed(names, files.query_exact, files.fresh_exact, sizes),
        "control": _control(query, fresh, sizes),
    }


def _listed(
    teams: Sequence[int], query: Floats, other: Floats, sizes: dict[str, float]
) -> list[dict[str, Any]]:
    found = binomial_gap(query_accuracy=query, fresh_accuracy=other, **sizes)
    rows = zip(teams, query, other, found.z, holm(p_values=found.p_values), strict=True)
    return [
        {"team": team, "query": float(a), "there": float(b), "z": float(z), "p_adjusted": float(p)}
        for team, a, b, z, p in rows
    ]


def _control(query: Floats, other: Floats, sizes: dict[str, float]) -> dict[str, int]:
    """Count the first files that came in before any answer, and those whose gap is beyond chance."""
    found = binomial_gap(query_accuracy=query, fresh_accuracy=other, **sizes)
    return {"n": len(query), "n_beyond": int(np.count_nonzero(found.p_values <= CONTROL_LEVEL))}


def _worth(opened: Opened) -> float:
    """Count the independent items that a set is worth."""
    if opened.groups is None:
        return float(opened.n)
    _, sizes = np.unique(opened.groups.astype(str), return_counts=True)
    return effective_number(sizes=sizes)


def _on_another(
    collected: Collected, name: str, opened: Opened, context: Context
) -> dict[str, Any] | None:
    """Compare all models' scores, and untuned ones as the gate does; None of what nobody answered."""
    references = list(_references(collected, opened))
    finals = [_model(collected, opened, each, each.final) for each in collected.audited]
    firsts = [_model(collected, opened, each, 0) for each in collected.came_before_any_answer]
    models, untuned = [*references, *filter(None, finals)], [*references, *filter(None, firsts)]
    found: dict[str, Any] = {"holdout": name, "kind": opened.kind, "m": opened.n}
    if between := _gate(collected.query, opened, untuned, context.generator(NAME, "gate", name)):
        found["gate"] = between | {"n_references": len(references)}
    if models and METRICS[collected.metric].counts_items:
        query, other = _scores(models)
        sizes = {"n": _worth(collected.query), "m": _worth(opened)}
        found["models"] = _listed([each.team_id for each in models], query, other, sizes)
        found["control"] = _control(*_scores([each for each in firsts if each]), sizes)
        has_groups = collected.query.groups is not None or opened.groups is not None
        found["line"] = _line(models, context.generator(NAME, "line", name), has_groups=has_groups)
    return found if "gate" in found or "models" in found else None


def _references(collected: Collected, opened: Opened) -> Iterator[Model]:
    for number, team in enumerate(collected.reference_teams):
        yield _read(collected, opened, collected.reference_answers, number, team.team_id)


def _model(
    collected: Collected, opened: Opened, entrant: Entrant, number: int | None
) -> Model | None:
    if entrant.answers is None or number is None:
        return None
    return _read(collected, opened, entrant.answers, number, entrant.history.team_id)


def _read(
    collected: Collected, opened: Opened, answers: Answers, number: int, team_id: int
) -> Model:
    """Score one file on both sets."""
    file, scorer = answers.of(number), collected.scorer
    items, exact = [], []
    for part in (collected.query, opened):
        own = {"labels": part.labels, "predictions": file[part.positions]}
        values = scorer.items(**own)
        items.append(values == 1 if scorer.of.counts_items else values)
        exact.append(scorer.orient(scorer.score(**own)))
    return Model(
        team_id=team_id,
        query_items=items[0],
        other_items=items[1],
        query=exact[0],
        other=exact[1],
    )


def _scores(models: Sequence[Model]) -> tuple[Floats, Floats]:
    return np.array([each.query for each in models]), np.array([each.other for each in models])


def _items(models: Sequence[Model]) -> tuple[Matrix, Matrix]:
    return (
        np.column_stack([each.query_items for each in models]),
        np.column_stack([each.other_items for each in models]),
    )


def _gate(
    query: Opened, other: Opened, untuned: Sequence[Model], rng: np.random.Generator
) -> dict[str, Any] | None:
    """Compare untuned models as the gate does, as if both sets had been one draw."""
    groups = [_groups(each) for each in (query, other)]
    if not untuned or min(len(np.unique(each)) for each in groups) < 2:
        return None
    has_groups = query.groups is not None or other.groups is not None
    clusters = {
        "query_clusters": groups[0],
        # Groups of two label files are never the same, whatever they are called.
        "fresh_clusters": groups[1] + query.n,
    }
    as_if = draw(n=query.n, m=other.n, **(clusters if has_groups else {}))
    items = np.vstack(_items(untuned))
    exact = np.subtract(*_scores(untuned))
    found = replace(gate.gate(items=items, draw=as_if, rng=rng), difference=float(exact.mean()))
    return {
        "n_models": len(untuned),
        "difference": found.difference,
        "z": found.z,
        "p_value": found.p_value,
        "fired": found.fired,
        "least": gate.detectable(items=items, draw=as_if),
    }


def _groups(opened: Opened) -> NDArray[np.int64]:
    """Give each item the number of its group; an item that was drawn alone is one."""
    if opened.groups is None:
        return np.arange(opened.n)
    _, numbers = np.unique(opened.groups.astype(str), return_inverse=True)
    return np.asarray(numbers, np.int64)


def _line(
    models: Sequence[Model], rng: np.random.Generator, *, has_groups: bool
) -> dict[str, Any] | None:
    """Fit the line; None of models that are too few or too alike to have one."""
    query, other = _scores(models)
    if len(models) < MIN_MODELS or len(np.unique(query.round(DIGITS))) < MIN_SCORES:
        return None
    accuracies: dict[str, Any] = {"query_accuracy": query, "fresh_accuracy": other}
    found = line_fit(**accuracies, rng=rng)
    line: dict[str, Any] = {
        "slope": found.slope,
        "correlation": found.correlation,
        "over_models": [found.slope_interval.low, found.slope_interval.high],
    }
    # Items of one group are no independent ones.
    if not has_groups:
        on_query, there = _items(models)
        over_items = slope_over_items(query_items=on_query, fresh_items=there, rng=rng)
        line["over_items"] = [over_items.low, over_items.high]
    every = np.concatenate([query, other])
    if np.ptp(query) > WIDE and every.min() > 0 and every.max() < 1:
        line["probit_slope"] = line_fit(**accuracies, rng=rng, scale="probit").slope
    return line


def sections(reading: Reading) -> list[Section]:
    found = reading.first(NAME)
    if found is None:
        return []
    own, others = found.evidence.get("own_draw"), found.evidence.get("others", [])
    said = (
        [] if own is None else [Section(place=Place.EXPLANATIONS, text=_said_of_own(reading, own))]
    )
    return said + [_section(reading, each) for each in others]


def _said_of_own(reading: Reading, own: dict[str, Any]) -> str:
    """Name the reference that differs most, and count first files: some differ by chance."""
    models, parts = own["models"], []
    if models:
        most = max(models, key=lambda each: abs(each["z"]))
        parts.append(
            f"Each reference for itself, on query items and new ones: {reading.names[most['team']]} differs "
            f"most, by {reading.number(most['query'] - most['there'])} (query less new; z = {most['z']:.1f} "
            f"standard errors, {sentences.p_said(most['p_adjusted'])}, level .01 over {len(models):,} "
            f"file{'s'[: len(models) != 1]}, Holm)."
        )
    return " ".join([*parts, *_said_of_control(own["control"], "new items")])


def _said_of_control(control: dict[str, int], where: str) -> list[str]:
    n, n_beyond = control["n"], control["n_beyond"]
    if not n:
        return []
    return [
        f"As a control: of {n:,} first file{'s'[: n != 1]} from before any answer {n_beyond:,} "
        f"score{'s'[: n_beyond == 1]} otherwise on query items than on {where} at level .05 each; chance "
        f"alone gives {n * CONTROL_LEVEL:.1f} on average."
    ]


def _section(reading: Reading, found: dict[str, Any]) -> Section:
    items = other_draws.items_of(holdout=found["holdout"], kind=found["kind"])
    models = found.get("models", [])
    parts = [_said_of_gate(reading, found), _said_of_models(models)]
    parts += _said_of_control(found["control"], "these") if models else []
    parts.append(_said_of_line(found.get("line")))
    rows: list[list[Cell]] = [
        [
            reading.names[each["team"]],
            reading.number(each["query"]),
            reading.number(each["there"]),
            reading.number(each["query"] - each["there"]),
            f"{each['z']:.1f}",
        ]
        for each in sorted(models, key=lambda each: -each["query"])
    ]
    columns = [
        Column("Model"),
        *number_columns("Query labels", "There", "Difference", "z"),
    ]
    return Section(
        place=Place.EXPLANATIONS,
        title=f"Scores on {items}",
        text=" ".join(filter(None, parts)),
        table=Table(columns=columns, rows=rows) if rows else None,
        caption="Items of another draw decide nothing: they may differ from the query items in ways that "
        "move all models, so no difference here is held against a team."
        + (" z is a difference in standard errors of two independent samples." if rows else ""),
    )


def _said_of_gate(reading: Reading, found: dict[str, Any]) -> str:
    between = found.get("gate")
    if between is None:
        return "No file that cannot have adapted was there, so whether the two sets differ is not known."
    n_firsts = between["n_models"] - between["n_references"]
    files = f"{between['n_references']:,} of references, {n_firsts:,} from before any answer"
    size, side = reading.number(abs(between["difference"])), "better"
    if between["difference"] < 0:
        side = "worse"
    text = (
        f"Shift gate between the two draws: files that cannot have adapted ({files}) score {size} {side} on "
        f"query items than on these {found['m']:,} (z = {between['z']:.1f}, "
        f"{sentences.p_said(between['p_value'])}, level .01); "
    )
    if between["fired"]:
        return text + "it fired: the two sets differ, and that explains a gap of any model."
    least = reading.number(between["least"])
    return text + f"it is quiet. A difference of {least} would have been found with 80 %."


def _said_of_models(models: Sequence[dict[str, Any]]) -> str:
    if not models:
        return ""
    n_beyond = sum(each["p_adjusted"] <= LEVEL for each in models)
    return (
        f"Of {len(models):,} finals and references {n_beyond:,} score otherwise there by more than chance "
        f"(level .01 over all of them, Holm)."
    )


def _said_of_line(line: dict[str, Any] | None) -> str:
    """Say what one point more on query items is worth there, and what such a line is a sign of."""
    if line is None:
        return ""
    slope = sentences.number(line["slope"], decimals=3)
    over_models = sentences.interval(*line["over_models"], decimals=2)
    covered = f"{over_models} (95 % of draws of models such as these)"
    ends = line["over_models"]
    if over_items := line.get("over_items"):
        ends = over_items
        these = sentences.interval(*over_items, decimals=2)
        covered = f"{these} (95 % of draws of such items, for these models) and {covered}"
    text = (
        f"The line through all models: one point more on query items goes with {slope} points more there: "
        f"a slope with intervals {covered}. {_meaning(*ends)}"
    )
    if "probit_slope" in line:
        probit = sentences.number(line["probit_slope"], decimals=3)
        text += (
            " Scores are far apart, so the scale of normal quantiles, on which a point near 1 counts more, "
            f"is fairer: the slope is {probit} there."
        )
    return text


def _meaning(low: float, high: float) -> str:
    if low > 1:
        return (
            "Above 1 better models lose less. So it is where items are harder for every model; fitting to "
            "the query labels would cost the leaders most, and bend the line down at its top (Recht et al., "
            "2019)."
        )
    if high < 1:
        return (
            "Below 1 better models lose more: a lead on the board is worth less there. So it is where "
            "leaders were fitted to the query labels, and also where the items leave less room or differ in "
            "kind."
        )
    return "A slope of 1, by which all models lose alike, is within the interval."


CHECK = Check(
    name=NAME,
    meaning="How much models differ between query items and others, each for itself and along a line.",
    check=check,
    sections=sections,
)
