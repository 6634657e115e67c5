#!/usr/bin/env python3
"""Every function has a binary and is invoked by something, and what invokes it can do so without losing anything."""

import json
import re
import subprocess
from pathlib import Path

from .translation import invoked_function, named, of_kind


def compare(template, translated):
    """Routes and triggers against functions."""
    own = of_kind(template, "AWS::Serverless::Function").keys()
    findings, invoked = [], set()
    for name in of_kind(translated, "AWS::ApiGatewayV2::Route"):
        findings.append(f"{name}: a route belongs to the events of its function")
    for _, path, called in routes(translated):
        if not re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/([A-Za-z0-9._~-]+|\{[A-Za-z0-9_]+\}))+", path):
            findings.append(f"{path}: the local stack cannot serve such a route")
        function = invoked_function(translated, {"Ref": called})
        if function is None:
            findings.append(f"{path}: leads to no alias of a function of this template")
        invoked.add(function)
    for name, permission in of_kind(translated, "AWS::Lambda::Permission").items():
        if permission["Properties"]["Principal"] != "apigateway.amazonaws.com":
            invoked.add(invoked_function(translated, permission["Properties"]["FunctionName"]))
    for name, mapping in of_kind(translated, "AWS::Lambda::EventSourceMapping").items():
        function = invoked_function(translated, mapping["Properties"]["FunctionName"])
        if function is None:
            findings.append(f"{name}: invokes no alias of a function of this template")
        else:
            invoked.add(function)
            findings += losses(name, mapping["Properties"], function, translated)
    return sorted(findings + [f"{name}: nothing invokes it" for name in own - invoked])


def routes(translated):
    """Each route of the HTTP APIs: the API, method and path, and the resource that is called."""
    for api, resource in of_kind(translated, "AWS::ApiGatewayV2::Api").items():
        for path, methods in resource["Properties"].get("Body", {}).get("paths", {}).items():
            for method, operation in methods.items():
                integration = json.dumps(operation.get("x-amazon-apigateway-integration", {}).get("uri", ""))
                called = re.search(r"functions/\$\{(\w+)(\.Arn)?\}/invocations", integration)
                yield api, f"{method.upper()} {path}", called and called.group(1)


def losses(name, mapping, function, translated):
    """What would make a record be skipped, or be handled twice at once, or vanish."""
    tables, queues = of_kind(translated, "AWS::DynamoDB::Table"), of_kind(translated, "AWS::SQS::Queue")
    source = named(mapping["EventSourceArn"])
    if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
        yield f"{name}: one bad record fails its whole batch"
    if source in tables:
        yield from losses_of_stream(name, mapping, source, tables[source]["Properties"])
    elif source in queues:
        timeout = translated["Resources"][function]["Properties"]["Timeout"]
        yield from losses_of_queue(function, timeout, source, queues)
    else:
        yield f"{name}: {source} is neither a table nor a queue of this template"


def losses_of_stream(name, mapping, source, table):
    if table.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        yield f"{source}: its stream is off or without images, and {name} reads it"
    for member in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds"):
        if mapping.get(member) != -1:
            yield f"{name}: {member} lets records be skipped"
    if mapping.get("StartingPosition") != "TRIM_HORIZON":
        yield f"{name}: starts after the oldest record"


def losses_of_queue(function, timeout, source, queues):
    queue = queues[source]["Properties"]
    needed = 6 * timeout
    if queue.get("VisibilityTimeout", 30) < needed:
        yield f"{source}: VisibilityTimeout is below {needed} s, six times the time-out of {function}"
    target = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")
    if named(target) not in queues:
        yield f"{source}: a message that keeps failing has nowhere to go"


def compare_binaries(template, root):
    """Every function runs a binary of the workspace, every binary is run by one function."""
    findings = []
    runs = {}
    for name, resource in of_kind(template, "AWS::Serverless::Function").items():
        binary = resource.get("Metadata", {}).get("BuildProperties", {}).get("Binary")
        if binary in runs:
            findings.append(f"{name} and {runs[binary]} both run {binary}")
        runs[binary] = name
    built = workspace_binaries(root)
    findings += [f"{runs[b]}: no binary of the workspace is called {b}" for b in runs.keys() - built]
    findings += [f"no function runs the binary {b}" for b in built - runs.keys()]
    return sorted(findings)


def workspace_binaries(root):
    """The binaries below functions/, as cargo sees them."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)
    functions = root / "functions"
    return {
        target["name"]
        for package in metadata["packages"]
        if functions in Path(package["manifest_path"]).parents
        for target in package["targets"]
        if "bin" in target["kind"]
    }
