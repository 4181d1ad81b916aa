"""An organizer in a browser without a shell: pages of the admin, read first, then sent as they ask for it."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from tests.vault.admin.forms import filled_in
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


def uploaded(content: str | bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def words(answer: Any) -> str:
    """The text of a page without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split()))


@dataclass(kw_only=True)
class Organizer:
    """Fails with what the page said wherever the page does not do what was asked."""

    # Titles of the pages that were sent.
    done: list[str] = field(default_factory=list)
    # Acts that asked for a reason, with what was given.
    reasons: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str, *args: Any, address: str = "") -> Any:
        with at_the_admin():
            answer = client_of(ORGANIZER).get(address or reverse(f"admin:{name}", args=args))
        assert answer.status_code == 200, f"{name} {args}: {answer.status_code}"
        return answer

    def page_of(self, target: Any) -> str:
        return words(self.get(_name_of(target, "change"), target.pk))

    def send(self, page: str, /, *args: Any, address: str = "", **given: Any) -> Any:
        """Open a form, remember its title, and send it."""
        shown = self.get(page, *args, address=address)
        self.done.append(str(shown.context["title"]).partition(":")[0])
        self.reasons += [(args[-1], given["reason"])] if "reason" in given else []
        return self.send_again(page, *args, address=address, **given)

    def send_again(self, page: str, /, *args: Any, address: str = "", **given: Any) -> Any:
        with at_the_admin():
            to = address or reverse(f"admin:{page}", args=args)
            return client_of(ORGANIZER).post(to, given, follow=True)

    def act(self, target: Any, act: str, **given: Any) -> str:
        """One act on an object's page; returns what the page that follows says."""
        # The tick of an act that cannot be undone; others do not read it.
        answer = self.send(_name_of(target, "act"), target.pk, act, **{"for_good": "on", **given})
        assert answer.redirect_chain, f"{act} {target}: {_said(answer)}"
        target.refresh_from_db()
        return _said(answer)

    def shown_once(self, target: Any, act: str, **given: Any) -> str:
        """An act that shows a token on the page that follows, and nowhere else."""
        answer = self.send(_name_of(target, "act"), target.pk, act, **given)
        found = re.search(r"\bhvl?_[A-Za-z0-9_-]{43}", answer.content.decode())
        assert found, _said(answer)
        return found[0]

    def make_benchmark(self, **given: Any) -> Benchmark:
        answer = self.send("vault_benchmark_add", **given)
        assert answer.redirect_chain, _said(answer)
        return Benchmark.objects.get(slug=given["slug"])

    def make_team(self, name: str, *, is_reference: bool = False) -> Team:
        given = {"name": name, "title": name, "is_active": "on"}
        reference = {"is_reference": "on"} if is_reference else {}
        answer = self.send("vault_team_add", **given, **reference)
        assert answer.redirect_chain, _said(answer)
        return Team.objects.get(name=name)

    def seal(self, benchmark: Benchmark, labels: str, *, rounds: int) -> tuple[list[Holdout], str]:
        """Have the sizes proposed for so many rounds, then seal so, with each warning accepted."""

        def send(by: Any = self.send_again, **given: Any) -> Any:
            return by("vault_holdout_add", file=uploaded(labels, "labels.csv"), **given)

        asked = {"benchmark": benchmark.pk, "kind": "iid", "rounds": rounds}
        given = filled_in(send(self.send, **asked))
        answer = send(**given)
        if not answer.redirect_chain:
            form = answer.context["form"]
            codes = [code for code, _ in form.fields["confirm"].choices]
            answer = send(**{**given, "proof": form.data["proof"], "confirm": codes})
        assert answer.redirect_chain, _said(answer)
        return _newest(), _said(answer)

    def upload(self, benchmark: Benchmark, envelope: bytes) -> tuple[list[Holdout], str]:
        """Read what follows from an envelope, tick it, and choose the same file again."""

        def send(by: Any, **given: Any) -> Any:
            file = uploaded(envelope, "sealed.envelope")
            return by("vault_holdout_envelope", benchmark=benchmark.pk, file=file, **given)

        shown = send(self.send)
        assert "What follows" in words(shown), _said(shown)
        proof = shown.context["form"].data["proof"]
        answer = send(self.send_again, proof=proof, confirm="on")
        assert answer.redirect_chain, _said(answer)
        return _newest(), _said(answer)

    def plan(self, **given: Any) -> Round:
        """Plan what the preview showed."""
        shown = self.send("vault_round_add", **given)
        assert shown.context.get("seal"), _said(shown)
        return self._planned("", given, shown.context["seal"])

    def plan_next(
        self, after: Round, *, also_fresh: Sequence[Holdout], changed: dict[str, str]
    ) -> Round:
        """Follow the button of a published round, and plan what the preview showed, differences first."""
        page = self.get("vault_round_change", after.pk).content.decode()
        link = re.search(r'href="([^"]*after=[^"]*)"', page)
        assert link, "no next round can be planned"
        address = unescape(link[1])
        given = filled_in(self.get("", address=address)) | changed
        given["fresh_holdouts"] = [*given["fresh_holdouts"], *(str(each.pk) for each in also_fresh)]
        shown = self.send("", address=address, **given)
        assert shown.context.get("seal"), _said(shown)
        assert "What differs from the last round" in words(shown)
        return self._planned(address, given, shown.context["seal"])

    def _planned(self, address: str, given: dict[str, Any], seal: str) -> Round:
        confirmed = {**given, "plan": "Plan this round", "previewed": seal}
        answer = self.send_again("vault_round_add", address=address, **confirmed)
        assert answer.redirect_chain, _said(answer)
        return Round.objects.latest("pk")


def _name_of(target: Any, page: str) -> str:
    return f"{target._meta.app_label}_{target._meta.model_name}_{page}"


def _newest() -> list[Holdout]:
    """The shards of the draw that came last."""
    newest = Holdout.objects.latest("sealed_at")
    return list(Holdout.objects.filter(batch=newest.batch).order_by("pk"))


def _said(answer: Any) -> str:
    """What a page says above its form: messages and errors."""
    found = REFUSED.findall(answer.content.decode())
    return unescape(" | ".join(re.sub(r"<[^>]+>", " ", each).strip() for each in found))
