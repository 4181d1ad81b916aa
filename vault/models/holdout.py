import uuid

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from vault import holdout_kinds
from vault.models.benchmark import Benchmark
from vault.models.panel import Panel
from vault.models.sealed import Ciphertext, DataKey
from vault.statuses import HoldoutStatus


class Holdout(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="holdouts")
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="holdouts")
    kind = models.CharField(max_length=16, choices=holdout_kinds.CHOICES)
    status = models.CharField(max_length=16, choices=HoldoutStatus.choices)
    n_items = models.PositiveIntegerField()
    # All shards drawn from one label file carry its batch: only shards of one draw are exchangeable.
    batch = models.UUIDField()
    # How the batch was drawn, which whoever repeats the draw must know: in whole groups, and from each class
    # separately. Which item is in which group stays sealed.
    draws_groups = models.BooleanField(default=False)
    stratified = models.BooleanField(default=False)
    # Where whole groups were drawn: how many, and how many independent items they are worth, which is less
    # where groups are unequal. Null: items were drawn one by one, or groups before their sizes were kept.
    n_units = models.PositiveIntegerField(
        "groups",
        null=True,
        blank=True,
        help_text="Groups that were drawn whole; an item without a group counts as one.",
    )
    n_effective = models.FloatField(
        "effective number of items",
        null=True,
        blank=True,
        help_text="Independent items that prove as much: (sum of group sizes)^2 / sum of squared sizes.",
    )
    slice_names = models.JSONField(default=list, blank=True)
    period_start = models.DateField(null=True, blank=True)
    period_end = models.DateField(null=True, blank=True)
    # Of a later period: what it is later than, for everybody to keep to.
    trained_until = models.DateField(
        null=True, blank=True, help_text="The last day whose items teams may train on."
    )
    label_delay_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After so many days the label of an item is known."
    )
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(status__in=HoldoutStatus.values), name="holdout_status_known"
            ),
            CheckConstraint(condition=Q(n_items__gt=0), name="holdout_not_empty"),
            CheckConstraint(
                condition=Q(n_effective__isnull=True)
                | Q(n_effective__gte=1, n_effective__lte=F("n_items")),
                name="holdout_worth_one_to_all_items",
            ),
        ]

    @property
    def commitment(self) -> str:
        """Give what was published of the labels that it was sealed with; empty where there were none yet."""
        # All of them, so that a list of holdouts may bring its versions with it.
        return next((each.commitment for each in self.versions.all() if each.number == 1), "")

    def decides_beside(self, query: "Holdout") -> bool:
        """Tell whether an audit of this query holdout rests on this shard: both are of one random draw."""
        return holdout_kinds.decides(self.kind) and self.batch == query.batch

    def __str__(self) -> str:
        return f"{self.benchmark.slug} {self.kind} {str(self.id)[:8]} ({self.status})"


class LabelVersion(models.Model):
    """One version of a holdout's labels. Scores belong to a version; the newest is what a key opens.

    Number 1 are the labels that a holdout was sealed with; one that was sealed without any begins with 0.
    """

    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    # Everybody may know it: items that a correction leaves out of scoring are counted here all the same.
    n_labelled = models.PositiveIntegerField()
    arrived_at = models.DateTimeField()
    # Why labels changed, which everybody reads; of those that it was sealed with there is nothing to say.
    reason = models.CharField(max_length=500, blank=True)
    # Salted SHA-256 of the labels, published at once; anyone can check it once the salt is disclosed.
    commitment = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["holdout", "number"], name="labelversion_number_unique")
        ]

    def __str__(self) -> str:
        return f"labels {self.number} of {self.holdout_id}"


class SealedBlob(Ciphertext):
    """Ciphertext of one version's labels. The web and researcher roles may insert it and never read it."""

    version = models.OneToOneField(LabelVersion, on_delete=models.PROTECT, primary_key=True)

    def __str__(self) -> str:
        return f"sealed blob {self.version_id}"


class WrappedKey(DataKey):
    """A blob's data key, wrapped by HPKE for one sealing key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(LabelVersion, on_delete=models.PROTECT, related_name="wrapped_keys")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["version", "sealing_key"], name="wrappedkey_once_per_key")
        ]

    def __str__(self) -> str:
        return f"key of labels {self.version_id} for {self.sealing_key_id[:12]}"
