"""What the pages share: nothing is deleted, tables below an object, and how values are shown."""

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.db.models import Model, QuerySet
from django.forms import BaseForm, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString

from vault import closed_rounds, sentences
from vault.admin.change_lists import CheckedChangeList
from vault.admin.site import ModelAdmin
from vault.errors import VaultError
from vault.models import Round

NOTHING = "—"
MIN_NATS, WHOLE_NATS = 0.01, 100
# For whoever reads of nats and has to decide something.
NAT = "1 nat is 1.44 bits, and a bit settles one yes or no"
WHAT_NATS_ARE = f"what answers tell of the labels at most; {NAT}"

Shown = TypeVar("Shown")


@dataclass(frozen=True, kw_only=True)
class Table:
    heading: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str = "None."
    # How the figures are to be read, in a sentence below the heading.
    note: str = ""


def table(
    heading: str,
    objects: Iterable[Shown],
    columns: dict[str, Callable[[Shown], Any]],
    *,
    empty: str = "None.",
) -> Table:
    """Make a table with a row for each object, and for each column what its function says of it."""
    rows = [[cell(each) for cell in columns.values()] for each in objects]
    return Table(heading=heading, header=list(columns), rows=rows, empty=empty)


class Page(ModelAdmin):
    """A model's pages; below an object stand the tables that `tables` names."""

    change_form_template = "vault/admin/object.html"
    actions = None
    list_per_page = 50
    show_full_result_count = False
    empty_value_display = NOTHING

    class Media:
        css = {"all": ["vault/admin.css"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CheckedChangeList]:
        return CheckedChangeList

    def tables(self, obj: Any) -> list[Table]:
        return []

    def links(self, obj: Any) -> list[tuple[str, str]]:
        """Give labels and addresses of lists that show what belongs to the object."""
        return []

    def surroundings(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Give what the template shows around the object."""
        return {"tables": self.tables(obj), "links": self.links(obj)}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        obj = self.get_object(request, object_id) if object_id else None
        if obj is not None and self.has_view_permission(request, obj):
            context |= self.surroundings(request, obj)
        return super().changeform_view(request, object_id, form_url, context)

    def own_page(
        self, request: HttpRequest, template: str, *, title: str, **context: Any
    ) -> HttpResponse:
        """Draw a page beside the admin's own, with all that they have in common."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, {**shared, "title": title, **context})

    def form_page(
        self,
        request: HttpRequest,
        form: BaseForm,
        *,
        template: str = "vault/admin/form.html",
        **context: Any,
    ) -> HttpResponse:
        """Draw the form of an act like the admin's own."""
        # It takes any form, whatever the type checker's stubs say.
        fieldsets = [(None, {"fields": list(form.fields)})]
        fields = AdminForm(cast(Any, form), fieldsets, {}, model_admin=self)
        # What no field that people see is marked with: of the form as a whole, and of hidden fields.
        hidden = [reason for field in form.hidden_fields() for reason in field.errors]
        return self.own_page(
            request,
            template,
            adminform=fields,
            form=form,
            is_marked=any(field.errors for field in form.visible_fields()),
            reasons=[str(reason) for reason in (*form.non_field_errors(), *hidden)],
            media=self.media + form.media,
            **context,
        )


def section(name: str | None, *fields: Any) -> Any:
    """Let fields stand together on an object's page."""
    return name, {"fields": fields}


def column(
    description: str, value: Callable[[Any], Any], *, ordering: Any = None
) -> Callable[[Any, Any], Any]:
    """Make a column of a list, or a line of an object's page, that shows this value of an object."""

    @admin.display(description=description, ordering=ordering)
    def shown(page: Page, obj: Any) -> Any:
        return value(obj)

    return shown


def number(name: str, description: str) -> Callable[[Any, Any], Any]:
    """Make a column of whole numbers, with their thousands set apart."""
    return column(description, lambda obj: f"{getattr(obj, name):,}", ordering=name)


class FixedPage(Page):
    """Pages of what is made and not edited."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyPage(FixedPage):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


def add_error(form: BaseForm, error: VaultError, *, field: str | None = None) -> None:
    """Mark a refusal of the domain at the field that it names, or at `field`."""
    named = field or error.data.get("field")
    form.add_error(named if named in form.fields else None, sentences.whole(error.message))


def offer(
    form: BaseForm, name: str, choices: QuerySet[Any], *, label: Callable[[Any], str] = str
) -> "ModelChoiceField[Any]":
    """Let a field of a form choose among these."""
    field = form.fields[name]
    assert isinstance(field, ModelChoiceField)
    field.queryset = choices
    field.label_from_instance = label  # type: ignore[assignment, method-assign]
    return field


def sent(request: HttpRequest) -> tuple[Any, Any]:
    """Give what a form was sent with; nothing for one that is only shown."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def is_id(text: str) -> bool:
    """Tell whether a text from an address can be the id of a row; the database refuses longer numbers."""
    return text.isdecimal() and len(text) < 10


def link(obj: Model | None, text: Any = None) -> str | SafeString:
    if obj is None:
        return NOTHING
    return format_html('<a href="{}">{}</a>', address(obj), text or obj)


def address(obj: Model) -> str:
    """Give the address of an object's page."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def code(text: str, *, length: int | None = None) -> SafeString:
    """Show a hash or an id, cut for a list; the whole of it is the element's title."""
    return format_html('<code title="{}">{}</code>', text, text[:length])


def listed(model: type[Model], **only: Any) -> str:
    """Give the address of a model's list, narrowed to some objects."""
    view = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return reverse(view, query={f"{name}__exact": value for name, value in only.items()})


def pretty(value: Any) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


def folded(value: Any) -> SafeString:
    """Fold away what few want to read, and what is long."""
    return format_html("<details><summary>Show</summary>{}</details>", pretty(value))


def figure(value: float | None, *, digits: int = 6) -> str:
    """Write as many significant digits; a dash for what is not known."""
    return NOTHING if value is None else sentences.figure(value, digits=digits)


def nats(value: float) -> str:
    """Write an amount of information: whole nats from a hundred on, below that three digits."""
    if 0 < value < MIN_NATS:
        return f"less than {MIN_NATS}"
    return f"{value:,.0f}" if value >= WHOLE_NATS else figure(value, digits=3)


def score(value: float | None, *, step: float | None = None) -> str:
    """Write a score on a grid down to one digit below the grid's; else as the API shows it."""
    if value is None:
        return NOTHING
    if not step:
        return str(value)
    # A power of ten that misses its logarithm by dust is that power.
    decimals = max(0, 1 - math.floor(math.log10(step) + 1e-9))
    # Adding zero turns -0.0 into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def rounded(value: float | None, *, step: float | None) -> str:
    """Write a score on a grid as `score` has it; else to six significant digits."""
    return score(value, step=step) if value is None or step else figure(value)


def interval(low: float | None, high: float | None, *, step: float | None) -> str:
    if low is None and high is None:
        return NOTHING
    return f"{rounded(low, step=step)} to {rounded(high, step=step)}"


def stacked(first: Any, second: Any) -> Any:
    """Stack two lines in one cell, so that a wide table fits a screen."""
    return first if second in ("", NOTHING) else format_html("{}<br>{}", first, second)


def minute(value: dt.datetime) -> str:
    return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def moment(value: dt.datetime | None) -> str:
    return NOTHING if value is None else localize(value)


@admin.display(description="closes at", ordering="closes_at")
def closes(round: Round) -> str:
    """Say the announced end, or that it was closed before, and when."""
    if closed_rounds.is_early(round=round):
        return f"{moment(round.stopped_at)}, earlier than announced"
    return moment(round.closes_at)
