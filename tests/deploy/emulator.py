"""The emulator as a child process on loopback, and clients for it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
TOOLS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


class Emulator:
    """Runs until `stop`. Its output and whatever it unpacks live in a directory that goes with it."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="deploy-", dir=TOOLS))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = self.directory / "emulator.log"
        # What a client needs.
        self.environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",  # the account's root; functions get keys of their roles
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= self.environment | {
            "AUTH": "true",  # policies are enforced
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "false",  # would listen on every interface
            "GATEWAY_PORT": str(self.port),
            "TMPDIR": str(self.directory),
            "STATE_DIR": str(self.directory / "state"),
        }
        with self.log.open("w") as log:
            # A session of its own, so that the function processes can be ended together with it.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(self._answers, "the emulator answers", seconds=60)
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the emulator ended:\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self, service):
        return client(service, self.endpoint)

    def stop(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, end)
                self.process.wait(timeout=5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 1}),
    )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(read, what, seconds=30):
    """Asks again and again until there is an answer that counts as true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = read()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
