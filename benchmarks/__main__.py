"""`python -m benchmarks`: build, install, measure, report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks import HERE, probes, rasters, report
from benchmarks.answers import Answer, WrongAnswerError, difference, fetch_all
from benchmarks.cases import CASES, Case
from benchmarks.environments import UnavailableError
from benchmarks.load import send, write_list
from benchmarks.peers import PEERS, DjangoPeer, Peer
from benchmarks.results import Machine, Measurement, Results
from benchmarks.servers import Server

# Beside each other in every case; the other peers are named by the case.
OURS = ('ours', 'ours-gunicorn')
SUSPICIOUS = 12.0


def say(text: str) -> None:
    """Tell how far the run is."""
    sys.stderr.write(f'{text}\n')


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the arguments choose; a full run writes the table of the docs."""
    options = parse(arguments)
    peers = [peer for peer in PEERS if peer.name == 'ours' or peer.name in options.peer]
    cases = [case for case in CASES if case.name in options.case]
    results = Results(Machine.here(), options.rounds)
    if results.machine.load > report.BUSY:
        say(f'The machine is busy (load {results.machine.load:.1f}): figures will suffer.')
    rasters.build({name for case in cases for name in case.filenames} | {probes.COLD.filename})
    probes.link_copies()
    try:
        run(results, peers, cases, options)
    finally:
        probes.unlink_copies()
    path = results.save('latest' if options.complete else 'partial')
    text = report.markdown(results)
    sys.stdout.write(text)
    say(f'Written: {path}')
    if options.complete:
        (HERE / 'results.md').write_text(text)
        say(f'Written: {HERE / "results.md"}')


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; `complete` says whether the run is one for the docs."""
    peers, cases = [peer.name for peer in PEERS], [case.name for case in CASES]
    usual = [name for name in peers if name != 'ours-gunicorn']
    parser = argparse.ArgumentParser(prog='make bench ARGS=...', description=__doc__)
    parser.add_argument('--case', action='append', choices=cases, help='only these cases')
    parser.add_argument('--peer', action='append', choices=peers, help='ours and only these peers')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=5.0, help='the least per measurement')
    parser.add_argument('--quick', action='store_true', help='one round of a second')
    parser.add_argument('--no-probes', action='store_true', help='no 304, kept and cold tiles')
    options = parser.parse_args(arguments)
    chosen = options.case or options.peer or options.quick or options.no_probes
    options.complete = not chosen and options.rounds >= 3
    options.case, options.peer = options.case or cases, options.peer or usual
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    return options


def run(
    results: Results, peers: list[Peer], cases: list[Case], options: argparse.Namespace
) -> None:
    """Fill the results."""
    ready = prepare(results, peers, cases)
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for peer in list(ready):
            try:
                servers[peer.name] = peer.start()
                stack.callback(servers[peer.name].stop)
            except UnavailableError as error:
                skip(results, peer, error)
                ready.remove(peer)
        for case in cases:
            asked = [peer for peer in ready if answers(peer, case)]
            results.cases[case.name] = measure(case, asked, servers, options)
    if not options.no_probes:
        probe(results, ready, cases, options)


def prepare(results: Results, peers: list[Peer], cases: list[Case]) -> list[Peer]:
    """Install and prepare the peers that the cases need; return those that can be started."""
    ready = []
    for peer in peers:
        if not any(answers(peer, case) for case in cases):
            continue
        try:
            results.versions[peer.name] = peer.install()
            peer.prepare(probes.COPIES)
        except UnavailableError as error:
            skip(results, peer, error)
        else:
            ready.append(peer)
    return ready


def answers(peer: Peer, case: Case) -> bool:
    """Whether a peer takes part in a case."""
    return peer.name in (*OURS, *case.peers)


def skip(results: Results, peer: Peer, error: UnavailableError) -> None:
    """Leave a peer out, and say so here and in the report."""
    results.skipped[peer.name] = str(error)
    say(f'==> {peer.name} is left out: {error}')


def measure(
    case: Case, peers: list[Peer], servers: dict[str, Server], options: argparse.Namespace
) -> dict[str, Measurement]:
    """Return what each peer does at a case: first every tile once, then as many as in a round that
    does not count, so that each worker has seen them; then the rounds in turn.
    """
    found: dict[str, Measurement] = {}
    lists = {}
    ours: list[Answer] | None = None
    for peer in peers:
        addresses = [peer.address(case.filename, case, tile) for tile in case.tiles]
        try:
            pictures = fetch_all(servers[peer.name].url, addresses, case.suffix)
        except (WrongAnswerError, OSError) as error:
            say(f'{case.name}: {peer.name} does not answer: {error}')
            continue
        ours = ours or pictures
        apart = difference(ours, pictures)
        if apart > SUSPICIOUS:
            say(f'{case.name}: the pictures of {peer.name} are not those of ours ({apart:.1f}).')
        size = sum(picture.size for picture in pictures) / len(pictures)
        found[peer.name] = Measurement(size=size, difference=apart)
        lists[peer.name] = write_list(f'{case.name}-{peer.name}', addresses)
    for name, addresses_file in lists.items():
        send(servers[name].url, addresses_file, options.seconds)
    for number in range(options.rounds):
        for name, measurement in found.items():
            before = servers[name].processor_time()
            load = send(servers[name].url, lists[name], options.seconds)
            spent = servers[name].processor_time() - before
            measurement.loads.append(load)
            measurement.costs.append(1000 * spent / max(1, load.asked))
            say(f'{case.name}  {number + 1}/{options.rounds}  {name:20} {load.rate:8.1f}/s')
    return found


def probe(
    results: Results, peers: list[Peer], cases: list[Case], options: argparse.Namespace
) -> None:
    """Measure the memory of all, 304 and kept tiles of ours, and the cold start of those that make
    the first case.
    """
    for peer in peers:
        say(f'{peer.name}: memory and cold start')
        mine = [case for case in cases if answers(peer, case)]
        results.memory[peer.name] = probes.memory(peer, mine, options.seconds)
        if peer.name == 'ours' and isinstance(peer, DjangoPeer):
            chosen = [case for case in cases if case.name in ('utm-rgb-png', 'utm-rgb-jpeg')]
            results.kept = probes.kept(peer, chosen, options.rounds, options.seconds)
        if peer.name == 'ours' or peer.name in probes.COLD.peers:
            results.cold[peer.name] = probes.cold(peer, options.rounds)


if __name__ == '__main__':
    main()
