from django.db import models
from django.db.models import UniqueConstraint


class SignInFailures(models.Model):
    """Wrong passwords for one name from one place, while they are remembered: see `vault.people.sign_in`."""

    # A person's user name, or a number that stands for many names that nobody has.
    name = models.CharField(max_length=150)
    # A network or a browser; empty: all places together from which nobody has signed in yet.
    place = models.CharField(max_length=100, blank=True)
    n = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "sign-in failures"
        constraints = [UniqueConstraint(fields=["name", "place"], name="signinfailures_once")]
        indexes = [models.Index(fields=["last_at"], name="signinfailures_age")]

    def __str__(self) -> str:
        return f"{self.n} for {self.name} from {self.place or 'anywhere'}"
