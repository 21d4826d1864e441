"""`manage.py create_demo_user`: the login that the demo prints."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = 'Create the superuser admin with the password admin, for a demo on this machine only.'

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        if not users.filter(username='admin').exists():
            users.create_superuser('admin', 'admin@localhost', 'admin')
