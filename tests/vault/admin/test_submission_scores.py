"""Exact scores of a submission: every metric with its interval, for researchers."""

import pytest

from tests.vault.admin.stage import RAW, SEALED_LOG_LOSS, client_of, make_stage, url
from tests.vault.factories import acting_as
from vault.people.groups import RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")


def test_a_researcher_reads_every_metric_with_its_interval() -> None:
    stage = make_stage()
    client = client_of(RESEARCHER)
    with acting_as("researcher"):
        page = client.get(url("vault_submission_change", stage.submission.pk)).content.decode()

    for value in (RAW, SEALED_LOG_LOSS):
        for shown in (value, value - 0.05, value + 0.05):
            assert f"{shown:.6g}" in page
    assert "log loss" in page
