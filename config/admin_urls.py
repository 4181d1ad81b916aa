"""The admin's routes; this surface runs in its own process with the researcher role."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
