"""The API with one bare Django view beside it, for `run.py bench poll`: both on the same server."""

from config.wsgi import application as wsgi_application  # isort: skip  (it sets Django up)

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import urls
from config.asgi import front

BODY = b'{"status":"ok"}'


def bare(request: HttpRequest) -> HttpResponse:
    # Django leaves the length to a middleware; without it the body would come in chunks.
    headers = {"Content-Type": "application/json", "Content-Length": str(len(BODY))}
    return HttpResponse(BODY, headers=headers)


urls.urlpatterns.insert(0, path("bare", bare))
application = front(wsgi_application)
