#!/usr/bin/env bash
# Brings up the example project with its samples and serves it on this machine.
source "$(dirname "$0")/common.sh"

host=${HOST:-127.0.0.1} port=${PORT:-8000}
manage() { $VENV/bin/python example_project/manage.py "$@"; }
export DEBUG=${DEBUG:-0}

manage migrate --verbosity 0
manage load_samples
manage load_catalogs
manage load_logs
manage create_demo_user
cat <<END

  Images    http://127.0.0.1:$port/
  Catalogue http://127.0.0.1:$port/api/catalogs/seasons/
  Depth     http://127.0.0.1:$port/#logs
  API       http://127.0.0.1:$port/api/images/
  Swagger   http://127.0.0.1:$port/swagger/
  ReDoc     http://127.0.0.1:$port/redoc/
  Admin     http://127.0.0.1:$port/admin/     (user: admin, password: admin)

  Ctrl-C stops the server.

END
exec $VENV/bin/python -m gunicorn example_project.wsgi --chdir example_project \
    --bind "$host:$port" --worker-class gthread --workers 2 --threads 4 --timeout 120 --no-control-socket
