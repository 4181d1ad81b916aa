"""Webhooks in the admin: a table on their team's page. They are made and removed through the API alone."""

from django.contrib import admin

from vault.admin.pages import Table
from vault.admin.site import site
from vault.admin.teams import TeamAdmin
from vault.models import Team
from webhooks.models import WebhookDelivery


@admin.register(Team, site=site)
class TeamWithWebhooksAdmin(TeamAdmin):
    def tables(self, obj: Team) -> list[Table]:
        webhooks = Table(
            heading="Webhooks",
            header=("Address", "Events", "Status", "Waiting", "Failed"),
            rows=[
                (
                    each.url,
                    ", ".join(each.events),
                    "active" if each.is_active else "ended by its receiver",
                    each.deliveries.filter(status=WebhookDelivery.Status.WAITING).count(),
                    each.deliveries.filter(status=WebhookDelivery.Status.FAILED).count(),
                )
                for each in obj.webhooks.order_by("-id")
            ],
            empty="This team has no webhook.",
        )
        return [*super().tables(obj), webhooks]
