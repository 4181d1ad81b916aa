"""Acts: what an organizer does to one object, each on a page of its own that first says what follows.

An act is one call of the domain, which decides, and journals it in the person's name. A page that is
opened in the wrong status says so and changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from vault import sentences
from vault.admin import data_files
from vault.admin.pages import Page, Table, address, sent
from vault.errors import VaultError


class ActForm(forms.Form):
    """What is asked before an act; most ask nothing."""

    # Shown above the fields when a file is refused.
    tables: Sequence[Table] = ()

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepare(target)

    def prepare(self, target: Any) -> None:
        """Fit the fields to the object that is acted on."""


def reason_field(help_text: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2, "cols": 60})
    return forms.CharField(max_length=sentences.MAX_REASON, widget=widget, help_text=help_text)


@dataclass(frozen=True, kw_only=True)
class Done:
    message: str
    # A secret that is shown on the answering page, and nowhere else.
    shown_once: str = ""
    # Says what to do with it, where that is not what the page's other secrets need.
    shown_once_template: str = ""


@dataclass(frozen=True, kw_only=True)
class Act:
    name: str
    label: str
    # Empty where `explain` says it.
    explanation: str = ""
    is_open: Callable[[Any], bool]
    # Completes "This is possible ...".
    when: str
    run: Callable[..., Done]
    form: type[ActForm] = ActForm
    # What follows from it for this one object, where that is not the same for all.
    explain: Callable[[Any], str] | None = None
    # Of an act that nobody can undo: what is ticked before it is done.
    for_good: str = ""

    def asked(self, request: HttpRequest, obj: Any) -> ActForm:
        """Make its form, as it was sent or as it is shown first."""
        form = self.form(*sent(request), target=obj, initial=request.GET.dict())
        if self.for_good:
            form.fields["for_good"] = forms.BooleanField(
                label=self.for_good,
                error_messages={"required": "This cannot be undone: tick this to do it."},
            )
        return form

    def do(self, request: HttpRequest, obj: Any, form: ActForm) -> Done:
        """Do what the form asks for, once it is valid."""
        values = dict(form.cleaned_data)
        if self.for_good:
            del values["for_good"]
        return self.run(request, obj, values)


class ActingPage(Page):
    """An object's page with a button for each act that its status allows."""

    acts: Sequence[Act] = ()
    shown_once_template = "vault/admin/shown_once.html"

    def may_run(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view(self.act_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/act/<slug:act>/", wrapped, name=name), *super().get_urls()]

    def surroundings(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        context = super().surroundings(request, obj)
        if self.may_run(request):
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_act"
            context["acts"] = [
                (act.label, reverse(name, args=[obj.pk, act.name]))
                for act in self.acts
                if act.is_open(obj)
            ] + self.elsewhere(obj)
        return context

    def elsewhere(self, obj: Any) -> list[tuple[str, str]]:
        """Give labels and addresses of acts on another object's page, for those who may act here."""
        return []

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        chosen = next((each for each in self.acts if each.name == act), None)
        if not self.may_run(request):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if chosen is None or obj is None:
            raise Http404
        back = address(obj)
        if not chosen.is_open(obj):
            messages.error(request, f"{chosen.label}: this is possible {chosen.when}.")
            return HttpResponseRedirect(back)
        form = chosen.asked(request, obj)
        done = self._try(request, chosen, obj, form)
        if done is None:
            return self.form_page(
                request,
                form,
                title=f"{chosen.label}: {obj}",
                explanation=chosen.explain(obj) if chosen.explain else chosen.explanation,
                submit=chosen.label,
                original=obj,
                back=back,
                tables=form.tables,
            )
        if done.shown_once:
            return self.show_once(request, obj, done)
        messages.success(request, done.message)
        return HttpResponseRedirect(back)

    def _try(self, request: HttpRequest, act: Act, obj: Any, form: ActForm) -> Done | None:
        if not (form.is_bound and form.is_valid()):
            return None
        try:
            done = act.do(request, obj, form)
        except VaultError as error:
            form.tables = data_files.refuse(form, error)
            return None
        self.log_change(request, obj, done.message)
        return done

    def show_once(self, request: HttpRequest, obj: Any, done: Done) -> HttpResponse:
        return self.own_page(
            request,
            done.shown_once_template or self.shown_once_template,
            title=done.message,
            original=obj,
            secret=done.shown_once,
            back=address(obj),
        )
