"""The act that corrects the labels of a batch: what follows from it is said first, and confirmed.

This process cannot open labels. It seals what is asked for to the audit worker's key, and wakes that worker.
The file is read in memory and kept nowhere.
"""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from vault.admin import data_files
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.data_files import DataFileField
from vault.admin.pages import NOTHING, Table, code, link, moment
from vault.errors import InvalidFileError, SealingError
from vault.files import id_lists
from vault.holdout_kinds import WITHOUT_LABELS
from vault.models import CorrectionRequest, Holdout, Round
from vault.queue import broker
from vault.sealing import corrections
from vault.sealing.corrections import Content
from vault.statuses import RoundStatus
from vault.transcripts import RESCORED

VOID, REPLACE = CorrectionRequest.What.VOID, CorrectionRequest.What.REPLACE


class CorrectForm(ActForm):
    what = forms.ChoiceField(
        label="Correction",
        choices=[
            (VOID, "Leave items out of scoring"),
            (REPLACE, "Replace labels"),
        ],
        widget=forms.RadioSelect,
    )
    ids = forms.CharField(
        required=False,
        label="Items to leave out",
        widget=forms.Textarea(attrs={"rows": 6, "cols": 40}),
        help_text="One id to a line; or give a file. A refusal counts the lines that are not empty.",
    )
    file = DataFileField(
        required=False,
        label="File",
        help_text="CSV or Parquet: the column id of the items to leave out; or id and label of the labels to "
        "replace. Items that were left out and get a label count again. The file is read in memory and kept "
        "nowhere.",
    )
    reason = reason_field(
        "Everybody reads it beside every holdout of the draw. It must not name items: that would tell teams "
        "which of them are asked about."
    )

    def prepare(self, target: Holdout) -> None:
        self.fields["for_good"] = forms.BooleanField(
            label="Correct the labels of the whole draw",
            error_messages={
                "required": "Tick this to correct the labels: answers that were given stay visible as "
                "superseded, and none is taken back."
            },
        )
        self.tables = [_draw(target), _rounds(target)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        has_ids, has_file = bool(values.get("ids", "").strip()), bool(values.get("file"))
        if values.get("what") == REPLACE and (has_ids or not has_file) and not self.errors:
            self.add_error("file", "New labels come in a file with the columns id and label alone.")
        if values.get("what") == VOID and has_ids == has_file and not self.errors:
            self.add_error("ids", "Name the items either here or in a file.")
        return values


def _draw(holdout: Holdout) -> Table:
    shards = Holdout.objects.filter(batch=holdout.batch).select_related("benchmark")
    return Table(
        heading="Holdouts of the draw: each gets a new version of its labels",
        header=("Holdout", "Status", "Items", "Version now"),
        rows=[
            (
                link(each, code(str(each.pk), length=8)),
                each.status,
                f"{each.n_items:,}",
                max(version.number for version in each.versions.all()),
            )
            for each in shards.prefetch_related("versions").order_by("status", "pk")
        ],
    )


def _rounds(holdout: Holdout) -> Table:
    asking = Round.objects.filter(query_holdout__batch=holdout.batch).select_related("benchmark")
    return Table(
        heading="Rounds that ask about the draw",
        header=("Round", "Status", "What happens"),
        rows=[
            (
                link(each),
                each.status,
                "all that was answered is scored again"
                if each.status in RESCORED
                else "its results stay as they are",
            )
            for each in asking.exclude(status=RoundStatus.CANCELLED).order_by("number")
        ],
        empty="There is none yet: the next round asks about the corrected labels.",
    )


def _correct(request: HttpRequest, holdout: Holdout, values: dict[str, Any]) -> Done:
    asked = corrections.request(
        holdout=holdout,
        content=_content(holdout, values),
        reason=values["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    broker.ask_to_correct(request_id=asked.pk)
    return Done(
        message="The audit worker was asked to correct the labels of the draw. Reload to see the new "
        "versions, within a minute or two; rounds that are not audited yet are then scored again."
    )


def _content(holdout: Holdout, values: dict[str, Any]) -> Content:
    file = values["file"]
    if file:
        body, content_type = file.read(), data_files.content_type(file)
    else:
        lines = [line.strip() for line in values["ids"].splitlines()]
        body, content_type = id_lists.as_file([line for line in lines if line]), id_lists.CSV
    if values["what"] == REPLACE:
        return corrections.read_labels(holdout=holdout, body=body, content_type=content_type)
    try:
        return corrections.read_items(holdout=holdout, body=body, content_type=content_type)
    except SealingError as error:
        # Of pasted ids there is no file to blame.
        error.data["field"] = "file" if file else "ids"
        raise
    except InvalidFileError as error:
        if file:
            raise
        raise id_lists.of_pasted(error) from None


CORRECT = Act(
    name="correct",
    label="Correct labels",
    explanation="The correction is of the whole draw, not of this holdout alone: every holdout of it gets a "
    "new version of its labels and the same notice, so that nobody learns which items are in "
    "which. Which items you name stays sealed, and stands in no journal. The public numbers of "
    "items, the steps of scores and what an audit can find stay as they were announced. In rounds "
    "whose audit has not begun all that was answered is scored again, references first, each "
    "team's files in their order; no query is charged for it. Until that is done, new files wait; "
    "then all new answers count at once, and the earlier ones stay visible as superseded. What "
    "both of them tell is counted in the ledger. Finals that teams declared stay. Results of "
    "rounds that were audited or published stay as they are. Nobody can take it back; another "
    "correction can follow.",
    is_open=lambda holdout: holdout.kind not in WITHOUT_LABELS,
    when="of labels that were sealed here or where they live; awaited ones are delivered anew",
    run=_correct,
    form=CorrectForm,
)


def corrections_table(holdout: Holdout) -> Table:
    """Show on a holdout's page what was asked for of its draw, and what came of it."""
    asked = CorrectionRequest.objects.filter(batch=holdout.batch).order_by("at")
    return Table(
        heading="Corrections of the draw",
        header=("Asked for by", "At", "Correction", "Reason", "State"),
        rows=[
            (each.actor, moment(each.at), each.get_what_display(), each.reason, _state(each))
            for each in asked
        ],
        empty="Its labels were never corrected.",
    )


def _state(asked: CorrectionRequest) -> Any:
    if asked.refused_at is not None:
        return f"refused: {asked.refusal or NOTHING}"
    if asked.done_at is None:
        return "waits for the audit worker"
    rounds = Round.objects.filter(
        query_holdout__batch=asked.batch,
        transcripts__begun_at=asked.done_at,
        transcripts__current_at=None,
    ).exclude(status=RoundStatus.CANCELLED)
    links = [(link(each),) for each in rounds.select_related("benchmark").order_by("number")]
    again = format_html("; being scored again: {}", format_html_join(", ", "{}", links))
    return format_html("done at {}{}", moment(asked.done_at), again if links else "")
