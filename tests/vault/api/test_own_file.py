"""A team fetches its own file: what it gets is the submission's predictions, and handed in again the same."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone
from pytest_django import Settings

from tests.vault.api.stage import (
    CSV,
    N_ITEMS,
    PARQUET,
    Caller,
    csv_of,
    file_number,
    handed_in,
    problem,
)
from tests.vault.factories import World
from vault import panel as panels
from vault import predictions
from vault.api import tables
from vault.files import canonical
from vault.files.parsing import FileSpec, parse
from vault.models import Benchmark, Round, Submission, Team

POST = "benchmarks/weather/submissions/"


def path_of(submission: Submission) -> str:
    return f"submissions/{submission.pk}/file/"


def test_csv_is_the_file_in_panel_order(bot: Caller) -> None:
    lines = file_number(0b1011).splitlines()
    shuffled = b"\n".join([lines[0], *reversed(lines[1:])])
    assert bot.post(POST, shuffled).status_code == 202
    submission = Submission.objects.get()

    response = bot.get(path_of(submission))

    assert response["Content-Type"] == CSV
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"] == f'attachment; filename="{submission.pk}.csv"'
    assert response.content == file_number(0b1011)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_handed_in_again_it_is_the_same_submission(world: World, team: Team, form: str) -> None:
    submission, bot = handed_in(world, team, 5), Caller(team)
    fetched = bot.get(path_of(submission) + f"?format={form}")

    again = bot.post(POST, fetched.content, fetched["Content-Type"])

    assert again.status_code == 200
    assert again.json()["id"] == str(submission.pk)
    assert Submission.objects.count() == 1


def test_parquet_by_accept(world: World, team: Team) -> None:
    response = Caller(team).get(path_of(handed_in(world, team, 1)), Accept=PARQUET)

    table = pq.read_table(io.BytesIO(response.content))
    assert response["Content-Type"] == PARQUET
    assert table.column_names == ["id", "label"]
    assert table.num_rows == N_ITEMS


@pytest.mark.parametrize("status", ["QUEUED", "SCORED", "FAILED", "WITHDRAWN"])
def test_it_is_there_whatever_became_of_it(world: World, team: Team, status: str) -> None:
    submission = handed_in(world, team, 1)
    is_over = status != "QUEUED"
    finished_at = timezone.now() if is_over else None
    Submission.objects.filter(pk=submission.pk).update(status=status, finished_at=finished_at)

    assert Caller(team).get(path_of(submission)).content == file_number(1)


@pytest.mark.parametrize("is_there", [True, False])
def test_file_of_a_cancelled_submission_is_not_shown(
    world: World, team: Team, is_there: bool
) -> None:
    """Whether somebody else handed in the same predictions is not to be seen by that."""
    submission, now = handed_in(world, team, 1), timezone.now()
    Submission.objects.filter(pk=submission.pk).update(status="CANCELLED", finished_at=now)
    if not is_there:
        predictions.remove(file_key=submission.file_key)

    response = Caller(team).get(path_of(submission))

    assert problem(response) == (404, "not_found")
    assert response.json()["detail"] == "The file of a cancelled submission is not kept"


def test_nobody_elses_is_found(world: World, team: Team) -> None:
    path = path_of(handed_in(world, team, 1))

    assert problem(Caller(world.team("rival")).get(path)) == (404, "not_found")
    assert problem(Caller().get(path)) == (401, "not_authenticated")
    assert problem(Caller(team, scopes=("submit",)).get(path)) == (403, "forbidden")
    assert problem(Caller(team).get(path + "?format=xlsx")) == (406, "not_acceptable")


def test_fetching_is_counted_as_a_parse(world: World, team: Team, settings: Settings) -> None:
    settings.PARSES_PER_MINUTE = 2
    bot, path = Caller(team), path_of(handed_in(world, team, 1))

    answers = [bot.get(path) for _ in range(4)]

    assert answers[0].status_code == 200
    assert problem(answers[-1]) == (429, "parse_throttled")
    assert problem(bot.post("benchmarks/weather/validate/", csv_of([]))) == (429, "parse_throttled")


SPECS = {
    "label": FileSpec(form="label", task="multiclass", classes=("a,b", 'say "x"', "é")),
    "probability": FileSpec(form="probability", task="binary", classes=("0", "1")),
    "rows": FileSpec(form="probability", task="multiclass", classes=("a,b", 'say "x"', "é")),
    "value": FileSpec(form="value", task="regression", classes=()),
}


def drawn(spec: FileSpec, *, n: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(20260303)
    if spec.form == "label":
        return rng.integers(0, 3, n).astype(np.uint8)
    if spec.form == "value":
        return rng.normal(size=n) * 10.0 ** rng.integers(-300, 100, n)
    return rng.dirichlet(np.ones(3), n) if spec.is_by_class else rng.random(n)


@pytest.mark.parametrize("ids", [pa.array([-5, 2, 9]), pa.array(["=1", "a,b", 'c"3'])])
@pytest.mark.parametrize("name", SPECS)
def test_every_form_comes_back_to_the_last_bit(name: str, ids: pa.Array) -> None:
    spec = SPECS[name]
    benchmark = Benchmark.objects.create(
        slug="forms",
        task=spec.task,
        classes=list(spec.classes),
        prediction_form=spec.form,
        primary_metric="accuracy",
    )
    panel = panels.publish(benchmark=benchmark, ids=ids)
    given = canonical.encode(drawn(spec, n=len(ids)))
    submission = Submission(
        round=Round(benchmark=benchmark, panel=panel),
        file_key=predictions.store(predictions=given),
    )

    table = predictions.table(submission=submission)

    for content_type, body in (
        (CSV, tables.as_csv(table)),
        (PARQUET, tables.as_parquet(table)),
    ):
        again = parse(body=body, content_type=content_type, spec=spec, panel_ids=panels.ids(panel))
        assert again == given
