"""Lists whose addresses anybody may write: a filter that no date or pattern can be is a wrong filter.

Django finds most of them while it reads the address and answers with the list unfiltered (`?e=1`). What only
the calendar or the database finds out, such as the year 0 or an open bracket of a pattern, it lets through.
"""

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, ChangeList
from django.db import DataError, ProgrammingError, transaction
from django.http import HttpRequest

from vault.models import Round

# What Django raises for values that no lookup can take; a range of one value is a missing index.
UNREADABLE = (ValueError, OverflowError, IndexError)
# What PostgreSQL refuses: a broken pattern, or a column that the admin's role may not read.
REFUSED = (DataError, ProgrammingError)


class CheckedChangeList(ChangeList):
    """A change list that takes each value which cannot be looked up for a wrong filter."""

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except UNREADABLE as wrong:
            raise IncorrectLookupParameters(wrong) from wrong

    def get_results(self, request: HttpRequest) -> None:
        """Ask the database, in a transaction of its own that a refusal does not outlive."""
        try:
            with transaction.atomic():
                super().get_results(request)
            # Where all rows are shown, the page offers no link that shows them all.
            if not self.query and set(self.filter_params) <= {ORDER_VAR}:
                self.full_result_count = self.result_count
        except (*UNREADABLE, *REFUSED) as wrong:
            # Of a list that nothing narrows no filter is at fault: it is an error, to be logged as one.
            if set(request.GET) <= {ERROR_FLAG}:
                raise
            raise IncorrectLookupParameters(wrong) from wrong


class RoundFilter(RelatedFieldListFilter):
    """Rounds by name; Django's own filter would ask for each round's benchmark in turn."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        rounds = Round.objects.select_related("benchmark").order_by("benchmark__slug", "number")
        return [(str(round.pk), str(round)) for round in rounds]
