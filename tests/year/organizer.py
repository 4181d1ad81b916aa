"""An organizer in a browser without a shell: forms of the admin, each as its page asks for it."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from tests.vault.admin.stage import client_of
from tests.vault.factories import acting_as
from vault.models import Benchmark, Holdout, Round, Team
from vault.people.groups import ORGANIZER

REFUSED = re.compile(r'<ul class="(?:errorlist[^"]*|messagelist)">(.*?)</ul>', re.DOTALL)


@contextmanager
def at_the_admin() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="config.admin_urls"), acting_as("researcher"):
        yield


def moment(name: str, at: dt.datetime) -> dict[str, str]:
    """A form's field of day and time."""
    return {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M:%S}"}


class Organizer:
    """Fails with what the page said wherever the page does not do what was asked."""

    def get(self, name: str, *args: Any) -> str:
        with at_the_admin():
            answer = client_of(ORGANIZER).get(reverse(f"admin:{name}", args=args))
        assert answer.status_code == 200
        return str(answer.content.decode())

    def post(self, page: str, /, *args: Any, **given: Any) -> str:
        """Send a form and return the page that follows; a form that comes back with errors is a failure."""
        answer = self.send(page, *args, **given)
        said = _said(answer)
        assert answer.redirect_chain, f"{page} {args}: {said}"
        return said

    def send(self, page: str, /, *args: Any, **given: Any) -> Any:
        with at_the_admin():
            address = reverse(f"admin:{page}", args=args)
            return client_of(ORGANIZER).post(address, given, follow=True)

    def act(self, target: Any, act: str, **given: Any) -> str:
        """One act on an object's page."""
        name = f"{target._meta.app_label}_{target._meta.model_name}_act"
        said = self.post(name, target.pk, act, **given)
        target.refresh_from_db()
        return said

    def make_benchmark(self, **given: Any) -> Benchmark:
        self.post("vault_benchmark_add", **given)
        return Benchmark.objects.get(slug=given["slug"])

    def make_team(self, name: str, *, is_reference: bool = False) -> Team:
        given = {"name": name, "title": name, "is_active": "on"}
        self.post("vault_team_add", **given, **({"is_reference": "on"} if is_reference else {}))
        return Team.objects.get(name=name)

    def issue_token(self, team: Team) -> str:
        answer = self.send(
            "vault_team_act", team.pk, "issue", label="ci", scopes=["read", "submit"]
        )
        found = re.search(r"\bhv_[A-Za-z0-9_-]{43}", answer.content.decode())
        assert found, _said(answer)
        return found[0]

    def seal(self, benchmark: Benchmark, labels: str, **given: Any) -> list[Holdout]:
        """Seal a label file, with every warning of the report accepted."""
        known = set(Holdout.objects.values_list("pk", flat=True))

        def send(**more: Any) -> Any:
            file = SimpleUploadedFile("labels.csv", labels.encode())
            return self.send(
                "vault_holdout_add", benchmark=benchmark.pk, file=file, **given, **more
            )

        answer = send()
        if not answer.redirect_chain:
            page = answer.content.decode()
            proof = re.search(r'name="proof" value="([^"]+)"', page)
            assert proof, _said(answer)
            codes = re.findall(r'name="confirm" value="(\w+)"', page)
            answer = send(proof=proof[1], confirm=codes)
        assert answer.redirect_chain, _said(answer)
        return list(Holdout.objects.exclude(pk__in=known).order_by("pk"))

    def plan(self, **given: Any) -> Round:
        """Plan what the preview showed."""
        shown = self.send("vault_round_add", **given).content.decode()
        seal = re.search(r'name="previewed" value="(\w+)"', shown)
        assert seal, shown
        self.post("vault_round_add", **given, plan="Plan this round", previewed=seal[1])
        return Round.objects.latest("pk")


def _said(answer: Any) -> str:
    """What a page says above its form: messages and errors."""
    found = REFUSED.findall(answer.content.decode())
    return unescape(" | ".join(re.sub(r"<[^>]+>", " ", each).strip() for each in found))
