from django.db import models
from django.db.models import CheckConstraint, Q

from stats.metrics import MAX_LOSS, PROBABILITY_CLIP
from vault.files import prediction_forms


class Benchmark(models.Model):
    class Task(models.TextChoices):
        BINARY = "binary"
        MULTICLASS = "multiclass"
        REGRESSION = "regression"

    class Visibility(models.TextChoices):
        PUBLIC = "public", "anybody may read the board"
        PRIVATE = "private", "only admitted teams may read the board"

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    rules = models.TextField(blank=True)
    data_url = models.URLField(blank=True)
    task = models.CharField(max_length=16, choices=Task.choices)
    # The label values in code order, as text: class 1 is the positive one of a binary task.
    classes = models.JSONField(default=list, blank=True)
    prediction_form = models.CharField(max_length=16, choices=prediction_forms.CHOICES)
    primary_metric = models.CharField(max_length=32)
    secondary_metrics = models.JSONField(default=list, blank=True)
    # The largest error that counts, in the label's unit; it bounds one item's value in a regression.
    loss_cap = models.FloatField(null=True, blank=True)
    # What it costs to decide for a class (column) where another is true (row).
    cost_matrix = models.JSONField(null=True, blank=True)
    # Binary probabilities: class 1 is decided for above it; null is one half.
    decision_threshold = models.FloatField(null=True, blank=True)
    # What a model has to keep to beside its score, by measure: `vault.constraints`. It ranks nobody.
    constraints = models.JSONField(default=dict, blank=True)
    # How often labels are wrong, as organizers know it: a rate, or by true class (row) that of each label
    # (column). Nothing is scored by it.
    label_noise = models.JSONField(null=True, blank=True)
    # The log loss lets no probability come nearer to 0 and 1: without a clip one item tells its label.
    probability_clip = models.FloatField(default=PROBABILITY_CLIP)
    # Inflation below this, in units of the metric's range, is not worth an accusation.
    delta0 = models.FloatField(default=0.005)
    visibility = models.CharField(
        max_length=16, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(delta0__gte=0), name="benchmark_delta0_not_negative"),
            CheckConstraint(
                condition=Q(loss_cap__isnull=True) | Q(loss_cap__gt=0),
                name="benchmark_loss_cap_positive",
            ),
            CheckConstraint(
                condition=Q(loss_cap__isnull=True) | Q(loss_cap__lte=MAX_LOSS),
                name="benchmark_loss_cap_not_too_large",
            ),
            CheckConstraint(
                condition=Q(decision_threshold__isnull=True)
                | Q(decision_threshold__gt=0, decision_threshold__lt=1),
                name="benchmark_decision_threshold_between_0_and_1",
            ),
            CheckConstraint(
                condition=Q(probability_clip__gt=0, probability_clip__lt=0.5),
                name="benchmark_probability_clip_below_half",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
