from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from vault import team_names

if TYPE_CHECKING:
    Text = models.CharField[Any, Any]
else:
    Text = models.CharField


class FoldedField(Text):
    """The key that equal names share. It is computed when a row is made, however that is done."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        if add:
            setattr(model_instance, self.attname, team_names.folded(model_instance.name))
        return str(getattr(model_instance, self.attname))

    def deconstruct(self) -> Any:
        """Call it plain text in a migration."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class Team(models.Model):
    """The unit that holds budgets and tokens."""

    name = models.CharField(max_length=team_names.MAX_LENGTH, validators=[team_names.check])
    # Unique, so names are compared without regard to case. Folding can triple a name's length.
    folded = FoldedField(max_length=3 * team_names.MAX_LENGTH, unique=True, editable=False)
    title = models.CharField(max_length=200, blank=True, validators=[team_names.check_printable])
    # Organizer baselines: shown on the board, ranked nowhere, charged nothing.
    is_reference = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a title that is another team's name: whoever reads it would take one for the other."""
        same = Team.objects.filter(folded=team_names.folded(self.title)).exclude(pk=self.pk)
        if self.title and (other := same.first()) is not None:
            raise ValidationError(
                {"title": f"There is a team {other.name!r}: no other has its name as a title."}
            )


class TeamToken(models.Model):
    """A bearer token. Only its digest is kept; the prefix lets people tell tokens apart."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    # Empty if an organizer issued it. It ends with the token that made it.
    made_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="made"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.team}"
