#!/usr/bin/env bash
# Serves the example project as in production: see docs/performance.md for what each setting is for.
source "$(dirname "$0")/common.sh"

host=${HOST:-127.0.0.1} port=${PORT:-8000}
workers=${WORKERS:-$(nproc)} threads=${THREADS:-1}
export DEBUG=0

$VENV/bin/python example_project/manage.py migrate --verbosity 0
$VENV/bin/python example_project/manage.py load_samples
$VENV/bin/python example_project/manage.py load_catalogs
$VENV/bin/python example_project/manage.py load_logs
if [[ -z "${SECRET_KEY:-}" ]]; then
    # For this run only: sessions end with it.
    SECRET_KEY=$($VENV/bin/python -c 'import secrets; print(secrets.token_urlsafe(50))')
    export SECRET_KEY
fi
say "http://$host:$port/ with $workers workers, threads in each: $threads"
cd example_project
exec "../$VENV/bin/python" serve.py example_project.wsgi:application \
    --host "$host" --port "$port" --workers "$workers" --threads "$threads"
