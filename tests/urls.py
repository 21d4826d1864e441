"""Nothing but the admin: a test module brings its own by `pytest.mark.urls(...)`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path('admin/', admin.site.urls),
]
