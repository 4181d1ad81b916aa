"""Who may send a body to the API, and how much of it is received."""

import pytest
from django.urls import reverse
from django.utils import timezone

from config.front.doors import MAX_BYTES_OF_STRANGERS, OPEN_TO_STRANGERS, STRANGER, ApiDoor, Caller
from vault import label_providers
from vault.models import Benchmark
from vault.sealing.batch_format import MAX_ENVELOPE_BYTES


@pytest.mark.parametrize("header", ["", "Basic eDp5"])
def test_strangers_send_nothing_but_what_a_link_asks_for(header: str) -> None:
    def caller(path: str):  # type: ignore[no-untyped-def]
        environ = {"PATH_INFO": path, "REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": header}
        return ApiDoor().at_once(environ) or ApiDoor().looked_up(environ)

    assert caller("/api/v1/benchmarks/rain/submissions/") == STRANGER
    link = caller(OPEN_TO_STRANGERS)
    assert (link.name, link.largest) == ("address 192.0.2.7", MAX_BYTES_OF_STRANGERS)
    assert not link.is_known


@pytest.mark.usefixtures("transactional_db")
def test_a_label_provider_sends_a_batch_and_no_more() -> None:
    benchmark = Benchmark.objects.create(
        slug="rain",
        title="Rain",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )
    now = timezone.now()
    provider, plain = label_providers.add(
        benchmark=benchmark, name="registry", expires_at=None, actor="olivia", now=now
    )

    def caller() -> Caller:
        environ = {
            "PATH_INFO": "/api/v1/benchmarks/rain/prospective/1/batches/",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_AUTHORIZATION": f"Bearer {plain}",
        }
        return ApiDoor().at_once(environ) or ApiDoor().looked_up(environ)

    known = caller()
    assert (known.name, known.largest) == (f"labels {provider.pk}", MAX_ENVELOPE_BYTES)
    assert known.is_known
    label_providers.revoke(provider=provider, actor="olivia", now=now)
    assert caller() == STRANGER


@pytest.mark.urls("config.urls")
def test_the_address_is_that_of_links() -> None:
    assert reverse("token-link") == OPEN_TO_STRANGERS
