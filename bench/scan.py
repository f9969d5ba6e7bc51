"""Measure a scan end to end: wall time, CPU, memory and calls, at several sizes and latencies.

    .venv/bin/python bench/scan.py --shared ../shared [--size 50 500] [--whole] [--latency 0 40] [--runs 5]

It starts an emulator and a counting proxy, which answers from memory so that the emulator's speed leaves the
measurement, seeds buckets (`--whole`: everything, in two regions), and runs the command, one run to warm up and then
`--runs` that count. `--command` is any that honours `AWS_ENDPOINT_URL`; `{home}` in it becomes a fresh folder. All that
was started is stopped at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
COMMAND = f"{BIN / 'goldseam'} --home {{home}} scan --services s3"
WHOLE = f"{BIN / 'goldseam'} --home {{home}} scan --regions us-east-1,eu-west-1"
PROXY = """
import asyncio, importlib.util, re, sys
spec = importlib.util.spec_from_file_location("proxy", sys.argv.pop(1))
proxy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(proxy)
proxy.READ = re.compile(f"{proxy.READ.pattern}|^PrepareAgent$", re.IGNORECASE)
asyncio.run(proxy.main())
"""
"""Starts the proxy, which takes the POST of Bedrock's ListAgents for a write, and would forget all answers at each."""
SAMPLE = 0.05
"""Seconds between two looks at the memory of the processes."""


@dataclass(frozen=True)
class Run:
    """One run of the command; memory in MB: of the largest process, and of all together with shared pages once."""

    wall: float
    cpu: float
    largest: float
    together: float
    status: int


@dataclass(frozen=True)
class Bench:
    """Where the emulator and the proxy listen."""

    emulator: str
    proxy: str

    def tell(self, what: str) -> dict[str, Any]:
        """Ask the proxy for something, and get its counters."""
        method = "GET" if what == "stats" else "POST"
        request = urllib.request.Request(f"{self.proxy}/__proxy/{what}", method=method)
        with urllib.request.urlopen(request) as answer:
            counters: dict[str, Any] = json.load(answer)
            return counters


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def started(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """A server that listens on the port until the block ends."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        while not listens(port):
            if server.poll() is not None:
                sys.exit(f"{command[0]} ended at once:\n{log.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def bench(shared: Path, folder: Path) -> Iterator[Bench]:
    """The emulator and, before it, the proxy."""
    emulator, proxy = free_port(), free_port()
    moto = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(emulator)]
    front = [sys.executable, "-c", PROXY, str(shared / "bench/proxy.py"), "--cache"]
    front += ["--listen", str(proxy), "--upstream", f"127.0.0.1:{emulator}"]
    with started(moto, emulator, folder / "moto.log"), started(front, proxy, folder / "proxy.log"):
        yield Bench(f"http://127.0.0.1:{emulator}", f"http://127.0.0.1:{proxy}")


def seed(servers: Bench, shared: Path, size: int, sections: str, folder: Path) -> None:
    manifest = str(folder / "manifest.json")
    command = [sys.executable, str(shared / "bench/seed_account.py"), "--reset", "--only", sections]
    command += ["--n", str(size), "--manifest", manifest]
    subprocess.run(command, env=environment(servers.emulator), check=True, stdout=subprocess.DEVNULL)


def environment(endpoint: str) -> dict[str, str]:
    """What a run sees: no configuration of ours but the endpoint, and compiled modules kept, as an installation has."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONDONTWRITE"))}
    return inherited | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def run(command: str, servers: Bench, *, watched: bool = False) -> Run:
    """Run the command once; to watch its memory takes processor time, so that is done in a run that does not count."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as output:
        words, start = shlex.split(command.format(home=home)), time.perf_counter()
        process = subprocess.Popen(
            words, env=environment(servers.proxy), stdout=output, stderr=output, start_new_session=True
        )
        together = watch(process.pid) if watched else 0.0
        _, status, used = os.wait4(process.pid, 0)
        wall, process.returncode = time.perf_counter() - start, os.waitstatus_to_exitcode(status)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, together, process.returncode)


def watch(leader: int) -> float:
    """The most memory that a process and its children held together until it ended, in MB."""
    most = 0.0
    while os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        most = max(most, sum(megabytes(pid) for pid in group(leader)))
        time.sleep(SAMPLE)
    return most


def group(leader: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(folder.name)) == leader:
                yield int(folder.name)


def megabytes(pid: int) -> float:
    """A process's share of memory, in which each shared page counts once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measured(command: str, servers: Bench, runs: int, latency: float) -> tuple[list[Run], Mapping[str, Any]]:
    """The runs that count, after one that fills the proxy's memory, and the calls of one of them."""
    servers.tell("latency?ms=0")
    run(command, servers)
    together = run(command, servers, watched=True).together
    servers.tell(f"latency?ms={latency}")
    results = []
    for _ in range(runs):
        servers.tell("reset")
        results.append(replace(run(command, servers), together=together))
    return results, servers.tell("stats")


def row(size: int, latency: float, runs: Sequence[Run], calls: Mapping[str, Any]) -> str:
    walls = [one.wall for one in runs]
    cells = (
        f"{size}",
        f"{latency:g}",
        f"{statistics.median(walls):.2f}",
        f"{min(walls):.2f}-{max(walls):.2f}",
        f"{statistics.median(one.cpu for one in runs):.2f}",
        f"{max(one.largest for one in runs):.0f}",
        f"{max(one.together for one in runs):.0f}",
        f"{calls['total']}",
        f"{calls['identical_repeats']}",
        " ".join(sorted({str(one.status) for one in runs})),
    )
    return f"| {' | '.join(cells)} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="the folder with the bench tools")
    parser.add_argument("--size", type=int, nargs="+", default=[50, 500], help="buckets; other things in proportion")
    parser.add_argument("--whole", action="store_true", help="seed and scan every service, in two regions")
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 40], help="milliseconds added to each answer")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--command", help="instead of goldseam")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    command = chosen.command or (WHOLE if chosen.whole else COMMAND)
    print("| size | latency ms | wall s | from-to | CPU s | largest MB | all MB | calls | repeats | exit |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    operations: dict[int, Mapping[str, int]] = {}
    with tempfile.TemporaryDirectory() as name, bench(chosen.shared, Path(name)) as servers:
        for size in chosen.size:
            seed(servers, chosen.shared, size, "" if chosen.whole else "s3", Path(name))
            servers.tell("reset?cache=1")
            for latency in chosen.latency:
                runs, calls = measured(command, servers, chosen.runs, latency)
                print(row(size, latency, runs, calls), flush=True)
                operations[size] = calls["by_op"]
    for size, counts in operations.items():
        print(f"\ncalls at size {size}:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
