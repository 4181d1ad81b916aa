"""The admin's pages in a real browser: whole, and with nothing said against them (no CSP or script error)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from service.home import secret_text
from service.processes import ORGANIZER, Service, organizer_password
from tests.service import browser as browsers
from tests.service.browser import Browser
from tests.service.staging import Stage

pytestmark = [
    pytest.mark.live,
    pytest.mark.service,
    pytest.mark.skipif(browsers.program() is None, reason="Chromium is not installed"),
]

# Acts of each kind of object, whose pages say what follows before anything happens.
OF_BENCHMARK = ("publish-items", "add-provider")
OF_HOLDOUT = ("correct",)
OF_ROUND = ("move-deadline", "more-queries", "accept-late", "admit", "close", "unrank")
OF_TEAM = ("merge", "issue", "make-link")
LISTS = ("benchmark", "holdout", "round", "team", "admission", "submission", "journalentry")


@pytest.fixture(scope="module")
def tab(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in which the organizer is signed in."""
    with browsers.browser(directory=tmp_path_factory.mktemp("browser")) as opened:
        name, value = signed_in(service)
        opened.keep(name=name, value=value, url=service.admin_url)
        yield opened


def signed_in(service: Service) -> tuple[str, str]:
    with httpx.Client(base_url=service.admin_url, follow_redirects=True, timeout=30) as http:
        page = http.get("/admin/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        password = secret_text(organizer_password(service.home))
        sent = {"csrfmiddlewaretoken": token[1], "username": ORGANIZER, "password": password}
        http.post("/admin/login/?next=/admin/", data=sent)
        (session,) = (each for each in http.cookies.jar if "session" in each.name)
        assert session.value
        return session.name, session.value


def ids_of(service: Service, tab: Browser, model: str) -> list[str]:
    """The objects that a list of the admin links to."""
    tab.open(f"{service.admin_url}/admin/vault/{model}/")
    pattern = re.compile(rf"/admin/vault/{model}/([0-9a-f-]+)/change/")
    links = tab.evaluate("[...document.links].map(each => each.pathname).join('\\n')")
    return list(dict.fromkeys(pattern.findall(links)))


def test_no_page_of_the_admin_is_complained_of(
    service: Service, tab: Browser, stage: Callable[..., Stage], tmp_path: Path
) -> None:
    """Lists, objects, and the page of each act that is possible, at the width of a small laptop."""
    stage("browsed", teams=2)
    admin = f"{service.admin_url}/admin/vault"
    pages = [f"{admin}/{model}/" for model in LISTS]
    pages += [f"{admin}/{model}/add/" for model in ("benchmark", "holdout", "round", "team")]
    pages += [f"{admin}/holdout/envelope/"]
    for model, acts in (
        ("benchmark", OF_BENCHMARK),
        ("holdout", OF_HOLDOUT),
        ("round", OF_ROUND),
        ("team", OF_TEAM),
    ):
        pk = ids_of(service, tab, model)[0]
        pages += [f"{admin}/{model}/{pk}/change/"]
        pages += [f"{admin}/{model}/{pk}/act/{act}/" for act in acts]

    for number, page in enumerate(pages):
        assert (page, tab.open(page)) == (page, [])
        tab.picture(tmp_path / f"{number:02d}.png")
        # The page that was asked for, and neither an error's nor the sign-in's.
        title = tab.evaluate("document.title")
        assert title.endswith("Holdout Vault"), (page, title)
        assert "/login/" not in tab.evaluate("location.pathname"), page
        # Nothing is cut: tables scroll inside the page, and the page itself does not.
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= browsers.WIDTH, (page, wide)
