"""The admin's routes; this surface runs in its own process with the researcher role."""

from django.urls import path

from vault.admin.site import site

urlpatterns = [path("admin/", site.urls)]
