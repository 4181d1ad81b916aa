"""The dispatcher: notes events, and tells them to receivers, several teams at a time.

There is one at a time in the installation, and one attempt at a time for each team: a team whose receiver
is slow waits for itself.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings

from vault import locks
from webhooks import messages, outbox, sending, subscriptions
from webhooks.models import WebhookDelivery
from webhooks.sending import Attempt

logger = logging.getLogger(__name__)

# So many slow receivers, a thread each, before teams wait for other teams.
AT_ONCE = 16
# No attempt begins later than this: a worker that shall stop waits for it and for one attempt.
MAX_SECONDS = 8.0
# With it a receiver asks to be told nothing more (Standard Webhooks).
GONE = 410

Clock = Callable[[], dt.datetime]


def run(*, clock: Clock) -> int:
    """Make the attempts that are due until there are none; return how many were made."""
    if not subscriptions.are_on():
        return 0
    with locks.one_dispatcher() as is_only_one:
        return _dispatch(clock) if is_only_one else 0


def _dispatch(clock: Clock) -> int:
    n_made = 0
    outbox.forget(now=clock())
    end = time.monotonic() + MAX_SECONDS
    on_the_way: dict[Future[Attempt], WebhookDelivery] = {}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while True:
            outbox.note_events(now=clock())
            if time.monotonic() < end:
                teams = {each.webhook.team_id for each in on_the_way.values()}
                free = AT_ONCE - len(on_the_way)
                for each in outbox.take_due(now=clock(), limit=free, besides=teams):
                    sent = _start(each, threads, clock=clock)
                    if sent is not None:
                        on_the_way[sent] = each
            if not on_the_way:
                return n_made
            # Not until one is done: what other teams have been waiting for may come due meanwhile.
            for future in wait(on_the_way, timeout=1, return_when=FIRST_COMPLETED).done:
                _settle(on_the_way.pop(future), future)
                n_made += 1


def _start(
    delivery: WebhookDelivery, threads: ThreadPoolExecutor, *, clock: Clock
) -> Future[Attempt] | None:
    """Read what is told, since threads know no database, and send it; None if nothing is left to tell."""
    content = messages.content(delivery=delivery)
    if content is None:
        delivery.delete()
        return None
    return threads.submit(
        sending.send,
        url=delivery.webhook.url,
        headers=messages.headers(delivery=delivery, content=content, now=clock()),
        content=content,
        allowed=settings.WEBHOOK_ALLOWED_NETWORKS,
        ports=settings.WEBHOOK_PORTS,
    )


def _settle(delivery: WebhookDelivery, future: Future[Attempt]) -> None:
    if error := future.exception():
        # One message that cannot be sent must not keep the others, whatever its thread raised.
        logger.error("a webhook could not be sent", exc_info=error)
        attempt = Attempt(result="it could not be sent")
    else:
        attempt = future.result()
    outbox.settle(delivery=delivery, result=attempt.result, is_done=attempt.is_done)
    if attempt.status == GONE:
        outbox.end(webhook_id=delivery.webhook_id)
    if not attempt.is_done:
        logger.info("webhook %s of %s: %s", delivery.webhook_id, delivery.id, attempt.result)
