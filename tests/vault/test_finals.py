"""A team's final, and its withdrawal at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from tests.vault import sessions
from tests.vault.factories import acting_as, make_world
from vault import submissions
from vault.errors import TransitionError
from vault.models import Final, Submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_keys")]


def test_file_that_is_withdrawn_meanwhile_does_not_become_the_final() -> None:
    world = make_world("finals")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    submission = world.answered(world.team("a"), world.labels)

    def declare() -> None:
        try:
            with acting_as("web"):
                submissions.declare_final(submission=submission, now=world.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            submissions.withdraw(submission=submission, now=world.now)
            declaring = pool.submit(declare)
            sessions.wait_until_somebody_waits()
        with pytest.raises(TransitionError, match="only a scored submission"):
            declaring.result(30)

    assert Submission.objects.get(pk=submission.pk).status == "WITHDRAWN"
    assert not Final.objects.exists()
