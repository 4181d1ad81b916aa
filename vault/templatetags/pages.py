"""What templates of pages need beside Django's own."""

import datetime as dt
from urllib.parse import urlsplit

from django import template

from vault.statuses import RoundStatus

register = template.Library()

STATES = {
    RoundStatus.PLANNED: "planned",
    RoundStatus.OPEN: "open",
    RoundStatus.CLOSING: "closing: what waits is still scored",
    RoundStatus.CLOSED: "closed: finals are locked, the audit comes next",
    RoundStatus.AUDITED: "closed: the audit is being read before it is published",
    RoundStatus.PUBLISHED: "published",
    RoundStatus.CANCELLED: "cancelled",
}


@register.filter
def moment(told: str | None) -> str:
    """Write a time of the API for people, in UTC."""
    if not told:
        return ""
    at = dt.datetime.fromisoformat(told).astimezone(dt.UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


@register.filter
def state(status: str) -> str:
    """Say what a round is doing."""
    return STATES[RoundStatus(status)]


@register.filter
def is_web(address: str) -> bool:
    """Tell whether an address may stand behind a link: one of the web, and no script."""
    return urlsplit(address).scheme in ("http", "https")


@register.filter
def number(value: int) -> str:
    """Write a count with its thousands apart."""
    return f"{value:,}"


@register.filter
def words(name: str) -> str:
    """Write a name of programs as words."""
    return name.replace("_", " ")
