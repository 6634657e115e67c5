"""What tests/outside/run does once the local stack is built and Schemathesis is there."""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
LOCAL = TARGET / os.environ.get("CARGO_BUILD_TARGET", "") / "debug" / "local"

# Who calls each contract: those for whom it has rules of their own, and somebody without a good credential.
CALLERS = {
    "authms": ("user", "administrator", "none"),
    "ciam": ("user", "none"),
    "wts": ("user", "administrator", "none"),
    "cloudbase": ("user", "administrator", "none"),
    "system-user": ("machine", "none"),
}

# Runs at a time. More than two cores are of no use to one stack.
SIDE_BY_SIDE = 2

# Random requests of one operation in the short form, besides those that the bounds of its schema ask for.
SHORT = 5

# What a run that is bounded by time may take beyond it: it starts, and ends what it has begun.
GRACE_SECONDS = 300


class Stack:
    """The local stack, which keeps nothing."""

    def __init__(self, directory):
        self.data = directory / "data"
        self.log = directory / "stack.log"
        command = [LOCAL, "--port", "0", "--memory", "--data", self.data]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.url = self._ready()

    def _ready(self):
        # The first start builds the functions.
        ends = time.monotonic() + 1200
        while time.monotonic() < ends:
            if ready := re.search(r"^ready (\S+)$", self.log.read_text(), re.MULTILINE):
                return ready[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise SystemExit(f"the stack did not start:\n{self.log.read_text()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def check(self):
        """Whether the items of the table agree, whatever was sent."""
        command = [LOCAL, "check", "--data", self.data]
        return subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode == 0


def attempt(stack, directory, contract, caller, seed, seconds):
    """Tries a contract as a caller; gives the number of requests, and whether all was well."""
    report = directory / f"{contract}-{caller}.json"
    if seconds:
        bound = ["--max-time", str(seconds)]
    elif caller == "none" or (caller == "administrator" and contract != "authms"):
        # The bounds of every schema are tried as somebody else.
        bound = ["--max-examples", str(SHORT), "--phases", "examples,fuzzing"]
    else:
        bound = ["--max-examples", str(SHORT)]
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", ROOT / "tests/outside/schemathesis.toml",
        "run", ROOT / f"docs/openapi/{contract}.json", "--url", stack.url, "--seed", str(seed), "--no-color", *bound,
        "--report", "json", "--report-json-path", report,
    ]  # fmt: skip
    path = os.pathsep.join([str(ROOT / "tests/outside"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "API": stack.url, "CONTRACT": contract, "CALLER": caller}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=(seconds or 0) + GRACE_SECONDS,
        check=False,
    )
    if done.returncode:
        print(f"{contract} as {caller}, seed {seed}:\n{done.stdout}", flush=True)
    generated = json.loads(report.read_text())["test_cases"]["generated"] if report.exists() else 0
    return generated, done.returncode == 0


def main(arguments):
    started = time.monotonic()
    runs = [
        (contract, caller)
        for contract, callers in CALLERS.items()
        for caller in callers
        if arguments.contract in (None, contract) and arguments.caller in (None, caller)
    ]
    seconds = arguments.minutes and max(1, int(arguments.minutes * 60 * min(SIDE_BY_SIDE, len(runs)) / len(runs)))
    seed = arguments.seed or (random.randrange(1, 2**32) if seconds else 1)
    with tempfile.TemporaryDirectory(prefix="outside-", dir=TARGET) as directory, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        stack = Stack(Path(directory))
        try:
            done = list(pool.map(lambda run: attempt(stack, Path(directory), *run, seed, seconds), runs))
            good = all(well for _, well in done)
            if not stack.check():
                print("the items of the table do not agree any more", file=sys.stderr)
                good = False
        finally:
            stack.stop()
    requests = dict.fromkeys(CALLERS, 0)
    for (contract, _), (number, _) in zip(runs, done, strict=True):
        requests[contract] += number
    figures = {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "seconds": round(time.monotonic() - started),
        "requests": requests,
        "findings": 0 if good else "above",
    }
    print(json.dumps(figures), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(prog="tests/outside/run")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--contract", choices=CALLERS)
    parser.add_argument("--caller", choices=("user", "administrator", "machine", "none"))
    sys.exit(main(parser.parse_args()))
