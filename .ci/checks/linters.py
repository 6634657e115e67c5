#!/usr/bin/env python3
"""Linters that others wrote. Each is a process of its own and answers its findings."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

from .translation import REGION


@dataclass(frozen=True)
class Linted:
    """What a tool found, and where: a resource, or a message that names it."""

    tool: str
    rule: str
    place: str

    def __str__(self):
        return f"{self.tool} {self.rule}: {self.place}"


def cfn_lint(translated):
    run = "import sys; from cfnlint.runner import main; sys.exit(main())"
    output = start("cfn-lint", "-c", run, "--format", "json", "--regions", REGION, "--", str(translated.path))
    for match in json.loads(output):
        path = "/".join(map(str, match["Location"]["Path"] or []))
        yield Linted("cfn-lint", match["Rule"]["Id"], f"{path}: {match['Message']}")


def sam_validate(template):
    """`--lint` needs neither network nor credentials; plain `sam validate` asks IAM for its managed policies."""
    output = start("sam validate", "-m", "samcli", "validate", "--lint", "--template", str(template))
    found = re.findall(r"\[([EWI]\d{4}): [^\]]*\] \((.*?)\) matched (\d+)", output, re.S)
    yield from (Linted("sam validate", rule, message) for rule, message, _ in found)
    if not found and "is a valid SAM Template" not in output:
        yield Linted("sam validate", "failed", output.strip())


def checkov(translated):
    # In a directory of its own, since it wants other versions of what SAM uses.
    environment = {"PYTHONPATH": os.environ["CHECKOV"]}
    arguments = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    output = start("checkov", "-m", "checkov.main", *arguments, "--file", str(translated.path), **environment)
    report = json.loads(output)
    if not report.get("summary", {}).get("passed"):
        yield Linted("checkov", "failed", output.strip())
        return
    for error in report["results"].get("parsing_errors", []):
        yield Linted("checkov", "failed", error)
    for check in report["results"]["failed_checks"]:
        yield Linted("checkov", check["check_id"], f"{check['resource'].rpartition('.')[2]}: {check['check_name']}")


def start(what, *arguments, **environment):
    print(f"running {what}\n", end="", flush=True)
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION} | environment
    command = [sys.executable, *arguments]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not result.stdout.strip() and result.returncode:
        sys.exit(f"{what} failed with status {result.returncode}:\n{result.stderr}")
    return result.stdout + (result.stderr if what == "sam validate" else "")
