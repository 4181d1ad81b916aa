"""The public pages in a real browser: nothing said against them, and none wider than its window."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audits.published_shape import DOCUMENT
from service.processes import Service
from tests.service import browser as browsers
from tests.service.staging import Stage, session

pytestmark = [
    pytest.mark.live,
    pytest.mark.service,
    pytest.mark.skipif(browsers.program() is None, reason="Chromium is not installed"),
]

WIDTHS = (1360, 390)
HEIGHT = 1500
SCHEMES = ("light", "dark")
PAGES = ("", "board/", "submit/", "rounds/1/audit/", "badge.svg")
LONG = "w" * 60


def publish(service: Service, slug: str) -> None:
    """The row that the audit worker would have written, with a team of a long name."""
    first = DOCUMENT.example["teams"][0]
    document = {**DOCUMENT.example, "teams": [first, {**first, "team": LONG, "title": LONG}]}
    with session(service) as owner:
        owner.execute(
            "INSERT INTO audits_publication (round_id, benchmark_id, document, published_at) "
            "SELECT r.id, b.id, %s, now() FROM vault_round r JOIN vault_benchmark b "
            "ON b.id = r.benchmark_id WHERE b.slug = %s",
            (json.dumps(document), slug),
        )


def test_no_public_page_is_complained_of(
    service: Service, stage: Callable[..., Stage], tmp_path: Path
) -> None:
    """At the width of a screen and of a phone, in both schemes; the pictures are for people."""
    stage("looked-at", teams=2)
    publish(service, "looked-at")
    pages = ["/", *(f"/benchmarks/looked-at/{page}" for page in PAGES)]
    with browsers.browser(directory=tmp_path / "profile") as tab:
        for scheme in SCHEMES:
            wanted = {"name": "prefers-color-scheme", "value": scheme}
            tab.call("Emulation.setEmulatedMedia", features=[wanted])
            for width in WIDTHS:
                size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
                tab.call("Emulation.setDeviceMetricsOverride", **size)
                for number, page in enumerate(pages):
                    assert (page, tab.open(f"{service.url}{page}")) == (page, [])
                    tab.picture(tmp_path / f"{number}-{scheme}-{width}.png")
                    if page.endswith(".svg"):
                        continue
                    # The page that was asked for, and no error.
                    assert tab.evaluate("document.title").endswith("Holdout Vault"), page
                    assert tab.evaluate("getComputedStyle(document.body).fontSize") == "16px"
                    wide = tab.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, (page, scheme, wide)
