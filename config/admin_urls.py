"""The admin's routes; this surface runs in its own process with the researcher role."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from vault.admin.passwords import SetPassword
from vault.admin.site import site

urlpatterns = [
    # Before the site's own, which take all that begins so.
    path("admin/password/<uidb64>/<token>/", SetPassword.as_view(), name="set_password"),
    path("admin/", site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url=static("vault/icon.svg"))),
]

handler400 = "vault.admin.refusals.handle_400"
handler403 = "vault.admin.refusals.handle_403"
handler404 = "vault.admin.refusals.handle_404"
handler500 = "vault.admin.refusals.handle_500"
