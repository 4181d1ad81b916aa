from django.db import models
from django.db.models import UniqueConstraint

from vault.models.benchmark import Benchmark


class Panel(models.Model):
    """The published item ids. A later version only appends, so a position never changes its item."""

    class IdKind(models.TextChoices):
        STRING = "string"
        INTEGER = "integer"

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="panels")
    version = models.PositiveIntegerField()
    id_kind = models.CharField(max_length=8, choices=IdKind.choices)
    n_items = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    file_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["benchmark", "version"], name="panel_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.benchmark.slug} panel {self.version}"
