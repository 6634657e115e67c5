"""What tests/deploy/run does once the functions are built and the tools are there."""

import os
import signal
import subprocess
import sys
import time

import update
from deployment import NAME, Deployment
from emulator import ROOT, Emulator

# The tests' names below tests/suite that a deployed stack passes as well.
CONTRACTS = "contracts::"


def main(arguments):
    started = time.monotonic()

    def said(what):
        print(f"==> {what} ({time.monotonic() - started:.0f} s)", flush=True)

    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    emulator = Emulator()
    try:
        said("deploying")
        deployment = Deployment(emulator, os.environ["SAM_BUILD_DIR"])
        deployment.prepare()
        deployment.deploy()
        said("deployed")
        if arguments == ["--keep"]:
            return keep(deployment)
        if arguments == ["--update"]:
            return update.run(deployment, said)
        environment = os.environ | {"PROFILE_STACK": str(deployment.record)}
        said("events")
        events = [sys.executable, "-m", "unittest", "discover", "--start-directory", ROOT / "tests" / "deploy", "--verbose"]
        subprocess.run(events, cwd=ROOT, env=environment, check=True, timeout=180)
        said("contracts")
        contracts = ["cargo", "test", "--locked", "--test", "suite", CONTRACTS]
        subprocess.run([*contracts, "--", "--test-threads=1"], cwd=ROOT, env=environment, check=True, timeout=1200)
        said("passed")
    except KeyboardInterrupt:
        return 130
    except BaseException as failure:
        if not isinstance(failure, SystemExit):
            print(f"tests/deploy/run: {failure}", file=sys.stderr)
            show_logs(emulator)
        raise SystemExit(1) from None
    finally:
        emulator.stop()


def keep(deployment):
    """Prints what another terminal needs, and waits for the end."""
    print("\nThe stack runs until Ctrl-C. In another terminal:\n")
    for name, value in deployment.emulator.environment.items():
        print(f"export {name}={value}")
    print(f"export STACK={NAME}")
    print(f"export API={deployment.describe_for_tests()['api_url']}")
    print(f"export PROFILE_STACK={deployment.record}", flush=True)
    signal.pause()


def show_logs(emulator, lines=60):
    """The newest lines that functions wrote, and then what the emulator says for itself."""
    try:
        logs = emulator.client("logs")
        events = []
        for group in logs.describe_log_groups()["logGroups"]:
            found = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            events += [(event["timestamp"], group["logGroupName"], event["message"].rstrip()) for event in found]
        platform = ("START ", "END ", "REPORT ")
        told = [event for event in sorted(events, key=lambda event: event[0]) if not event[2].startswith(platform)]
        print(f"\nthe functions' last {lines} log lines:", file=sys.stderr)
        for _, group, message in told[-lines:]:
            print(f"{group}: {message}", file=sys.stderr)
    except Exception as failure:
        print(f"no log lines of functions: {failure}", file=sys.stderr)
    complaints = [line for line in emulator.log.read_text(errors="replace").splitlines() if "INFO" not in line[:60]]
    print(f"\nthe emulator's last {lines} lines but for information:", file=sys.stderr)
    print("\n".join(complaints[-lines:]), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
