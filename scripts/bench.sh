#!/usr/bin/env bash
# Measures this package beside others, after installing what that needs: see docs/performance.md.
source "$(dirname "$0")/common.sh"

needed=()
have wrk || needed+=(wrk)
[[ -x /usr/sbin/lighttpd ]] || needed+=(lighttpd)
[[ -x /usr/lib/iipimage-server/iipsrv.fcgi ]] || needed+=(iipimage-server)
if ((${#needed[@]})); then
    if have apt-get && ((EUID == 0)); then
        say "System packages: ${needed[*]}"
        apt-get update -q
        # One at a time: a peer that cannot be had is left out, and the report says so.
        for package in "${needed[@]}"; do
            apt-get install -y --no-install-recommends "$package" || say "$package is not to be had."
        done
    else
        say "Missing, and measured without: sudo apt-get install ${needed[*]}"
    fi
fi
have wrk || die "wrk, the load generator, is missing."
exec $VENV/bin/python -m benchmarks "$@"
