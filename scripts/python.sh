# Finds the interpreter that the virtual environment is made with: $PYTHON, or the newest that is
# supported and works. (A name on PATH proves little: pyenv puts shims there for versions that are
# not switched on.)

# Can build a virtual environment and C extensions as it stands.
python_is_complete() {
    "$1" - >/dev/null 2>&1 <<'END'
import ensurepip, pathlib, sys, sysconfig, venv
assert (3, 10) <= sys.version_info < (3, 14)
assert pathlib.Path(sysconfig.get_path('include'), 'Python.h').exists()
END
}

# One of Debian's own: what it lacks is in packages.
python_is_debians() { [[ "$(readlink -f "$(command -v "$1")")" == /usr/bin/python3.1[0-3] ]]; }

find_python() {
    local name python
    if [[ -n "${PYTHON:-}" ]]; then
        "$PYTHON" -c '' >/dev/null 2>&1 || die "PYTHON=$PYTHON does not run."
        echo "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3.11 python3.10 python3; do
        # The system's own first: it is built with optimization by profiles, which makes a tile a
        # fifth faster, and others are often not.
        for python in /usr/bin/$name $name; do
            if have $python && python_is_complete $python; then echo $python; return; fi
        done
    done
    for name in python3.13 python3.12 python3.11 python3.10; do
        if [[ -x /usr/bin/$name ]]; then echo /usr/bin/$name; return; fi
    done
}
