"""What webhooks have to tell, and when: derived from the database, so that no event is lost with a process.

An event is noted once for each webhook. Each attempt is written down before it is made: one that is cut
off counts, and the next comes after its time.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import connection
from django.db.models import F, Min

from webhooks import subscriptions
from webhooks.models import Webhook, WebhookDelivery

Status = WebhookDelivery.Status

# After each failed attempt, the time to the next; the last failure is the end.
BACK_OFF = tuple(dt.timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 36_000))
MAX_ATTEMPTS = len(BACK_OFF) + 1
KEPT = dt.timedelta(days=30)
# A transaction is visible some time after the time it writes. Looking so far back finds those, too.
OVERLAP = dt.timedelta(minutes=10)

# A row of each webhook and each thing that happened to it, once. FROM and WHERE of the events follow.
# FOR KEY SHARE waits for whoever holds the webhook (`subscriptions.held`): none is noted for one that goes.
_NOTE = """
    INSERT INTO webhooks_webhookdelivery (id, webhook_id, event, subject, occurred_at, status,
                                          n_attempts, next_attempt_at, last_result)
    SELECT uuidv7(), found.webhook_id, %(event)s, found.id::text, found.occurred_at, 'WAITING',
           0, %(now)s, ''
    FROM (
        SELECT webhook.id AS webhook_id, thing.id, thing.@time AS occurred_at
        FROM webhooks_webhook webhook
        JOIN vault_team team ON team.id = webhook.team_id
        JOIN @events
        AND thing.@time >= %(since)s
        AND thing.@time >= GREATEST(webhook.created_at, webhook.noted_until - %(overlap)s::interval)
        AND webhook.is_active AND webhook.events ? %(event)s
        FOR KEY SHARE OF webhook
    ) found
    ON CONFLICT (webhook_id, event, subject) DO NOTHING
"""
_SUBMISSIONS = "vault_submission thing ON thing.team_id = webhook.team_id WHERE true"
# Of answers that supersede an earlier one, when they became current; the subject is the answer's number.
_RESCORED = """
    (SELECT submission.team_id, answer.id, transcript.current_at
     FROM vault_transcript transcript
     JOIN vault_submission submission ON submission.round_id = transcript.round_id
     JOIN vault_release answer ON answer.submission_id = submission.id
         AND answer.transcript = transcript.number
     WHERE EXISTS (SELECT FROM vault_release earlier WHERE earlier.submission_id = submission.id
                       AND earlier.transcript < transcript.number)
    ) thing ON thing.team_id = webhook.team_id
    WHERE true
"""
# Of a benchmark that the team may see: as `selectors.benchmarks_of` finds it.
_ROUNDS = """
    vault_round thing ON true
    JOIN vault_benchmark benchmark ON benchmark.id = thing.benchmark_id
    WHERE (benchmark.visibility = 'public' OR team.is_reference OR EXISTS (
        SELECT FROM vault_admission admission
        JOIN vault_round admitted ON admitted.id = admission.round_id
        WHERE admitted.benchmark_id = benchmark.id AND admission.team_id = webhook.team_id
    ))
"""
_NOTICES = _ROUNDS.replace(
    "vault_round thing ON true",
    "vault_roundnotice thing ON true JOIN vault_round round ON round.id = thing.round_id",
).replace("thing.benchmark_id", "round.benchmark_id")
_STATEMENTS = {
    event: _NOTE.replace("@events", things).replace("@time", time)
    for event, things, time in (
        (subscriptions.SUBMISSION_FINISHED, _SUBMISSIONS, "finished_at"),
        (subscriptions.SUBMISSION_RESCORED, _RESCORED, "current_at"),
        (subscriptions.ROUND_OPENED, _ROUNDS, "opened_at"),
        (subscriptions.ROUND_CLOSED, _ROUNDS, "closed_at"),
        (subscriptions.ROUND_PUBLISHED, _ROUNDS, "published_at"),
        (subscriptions.ROUND_CANCELLED, _ROUNDS, "cancelled_at"),
        (subscriptions.ROUND_CHANGED, _NOTICES, "at"),
    )
}


def note_events(*, now: dt.datetime) -> int:
    """Note a waiting delivery for each event that has none; return how many are new."""
    active = Webhook.objects.filter(is_active=True)
    # Those of a team that was merged into another end for good.
    for webhook_id in active.filter(team__merge__isnull=False).values_list("pk", flat=True):
        end(webhook_id=webhook_id)
    earliest = active.aggregate(Min("noted_until"))["noted_until__min"]
    if earliest is None:
        return 0
    n_new = 0
    # `since` is the same for all, so that an index finds the few that are new enough for any.
    values = {"now": now, "overlap": OVERLAP, "since": earliest - OVERLAP}
    with connection.cursor() as cursor:
        for event, statement in _STATEMENTS.items():
            cursor.execute(statement, {**values, "event": event})
            n_new += cursor.rowcount
    # Rarely, because it writes every row.
    active.filter(noted_until__lt=now - OVERLAP / 2).update(noted_until=now)
    return n_new


def take_due(*, now: dt.datetime, limit: int, besides: Collection[int]) -> list[WebhookDelivery]:
    """Deliveries to attempt now, at most one of each team, none of the teams `besides`.

    Their attempts are counted, and the next is written down. Only the dispatcher may call this.
    """
    due = (
        WebhookDelivery.objects.filter(status=Status.WAITING, next_attempt_at__lte=now)
        .filter(webhook__is_active=True, webhook__team__is_active=True)
        .exclude(webhook__team__in=besides)
    )
    first = due.order_by("webhook__team", "next_attempt_at", "id").distinct("webhook__team")
    fair = WebhookDelivery.objects.filter(pk__in=first.values("pk"))
    in_order = fair.select_related("webhook__team").order_by("next_attempt_at", "id")
    taken = list(in_order[:limit])
    for delivery in taken:
        # Not `save`, which fails if the webhook was removed meanwhile.
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            n_attempts=F("n_attempts") + 1,
            next_attempt_at=now + BACK_OFF[min(delivery.n_attempts, len(BACK_OFF) - 1)],
            last_attempt_at=now,
            last_result="no answer yet",
        )
        delivery.n_attempts += 1
    return taken


def settle(*, delivery: WebhookDelivery, result: str, is_done: bool) -> None:
    """Write down how an attempt went: done, or to be made again unless it was the last."""
    end: dict[str, object] = {}
    if is_done or delivery.n_attempts >= MAX_ATTEMPTS:
        end = {"status": Status.DELIVERED if is_done else Status.FAILED, "next_attempt_at": None}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(last_result=result, **end)


def end(*, webhook_id: uuid.UUID) -> None:
    """End a webhook whose receiver wants no more; what waits for it has failed."""
    Webhook.objects.filter(pk=webhook_id).update(is_active=False)
    waiting = WebhookDelivery.objects.filter(webhook=webhook_id, status=Status.WAITING)
    waiting.update(status=Status.FAILED, next_attempt_at=None)


def forget(*, now: dt.datetime) -> int:
    """Delete what was over long ago; return how many."""
    old = WebhookDelivery.objects.filter(occurred_at__lt=now - KEPT)
    return old.exclude(status=Status.WAITING).delete()[0]
