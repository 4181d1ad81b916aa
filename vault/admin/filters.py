"""Filters beside a list."""

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.http import HttpRequest

from vault.models import Round


class RoundFilter(RelatedFieldListFilter):
    """Rounds by name; Django's own filter would ask for each round's benchmark in turn."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        rounds = Round.objects.select_related("benchmark").order_by("benchmark__slug", "number")
        return [(str(round.pk), str(round)) for round in rounds]
