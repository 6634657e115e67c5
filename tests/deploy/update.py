"""Updates the stack to a changed version while requests flow: no failed request, no lost data.

Every function's package and one visible setting change. Every change that was answered as done must be in the table with a
version of its own, in the history, and have come out as an event, in order.
"""

import json
import os
import time
from pathlib import Path

import traffic
from deployed import Deployed
from emulator import until

USERS = [str(1001 + number) for number in range(4)]
BEFORE, AFTER = "https://id.example.com", "https://id.example.net"
# Seconds of traffic before the update and after it.
MARGIN = 20


def run(deployment, said):
    """Prints figures; fails when anything was lost. Ends within ten minutes."""
    os.environ["PROFILE_STACK"] = str(deployment.record)
    stack = Deployed()
    key, digest = traffic.api_key()
    record = {"owner": "operator", "label": "traffic", "role": "Admin", "created": 1_775_217_600_000, "disabled": False}
    stack.write({"PK": f"APIKEY#{digest}", "SK": "KEY", "schema": 1} | record)
    events = stack.listen({"source": ["profile-service"], "detail": {"user_id": USERS}})
    before = versions(stack)

    flow = traffic.Traffic(json.loads(deployment.record.read_text()), key, USERS)
    said("traffic")
    flow.start()
    flow.flow(MARGIN)
    mark(deployment.built)
    said("updating")
    began = time.monotonic()
    deployment.deploy(PublicUrl=AFTER)
    done = time.monotonic()
    said("updated")
    flow.flow(MARGIN)
    flow.stop()
    said(f"{flow.requests} requests, {sum(flow.changes.values())} changes")

    assert not flow.failures, "requests failed: " + "; ".join(flow.failures)
    after = versions(stack)
    assert before.keys() == after.keys(), (before, after)
    unchanged = [name for name in before if before[name] == after[name]]
    assert not unchanged, f"not updated: {unchanged}"
    shown = {url for _, url in flow.served}
    assert shown == {BEFORE, AFTER}, f"not both versions served: {shown}"
    old = [moment for moment, url in flow.served if url == BEFORE]
    new = [moment for moment, url in flow.served if url == AFTER]
    assert max(old) < done + 30 and min(new) > began, "an update does not take over at once and for good"

    for user, count in flow.changes.items():
        check_table(stack, user, count)
    check_events(stack, events, flow.changes)
    said("none failed, none lost")
    print(f"the update of {len(after)} functions took {done - began:.0f} s; the slowest request took {flow.slowest:.1f} s", flush=True)


def mark(built):
    """Changes every function's package."""
    for package in Path(built).iterdir():
        if package.is_dir():
            (package / "revision").write_text(f"{time.time_ns()}\n")


def versions(stack):
    """The code of each function as it is invoked."""
    found = {}
    for name, physical in stack.names.items():
        if name.endswith("Function"):
            aliases = stack.functions.list_aliases(FunctionName=physical)["Aliases"]
            qualifier = {"Qualifier": aliases[0]["Name"]} if aliases else {}
            configuration = stack.functions.get_function_configuration(FunctionName=physical, **qualifier)
            found[name] = configuration["CodeSha256"]
    return found


def check_table(stack, user, count):
    """Every change that was answered as done has a version, and the last one stands."""
    profile = stack.profile(user)
    # Each round of the traffic ends with System user; WTS changes another attribute than the rest.
    changed = [profile["nickname"].removeprefix("n"), profile.get("room", "0")]
    assert int(profile["version"]) == count, f"user {user}: {count} changes, version {profile['version']}"
    assert str(count) in changed, f"user {user}: {count} changes, the last one is not there"
    until(lambda: history(stack, user) == list(range(1, count + 1)), f"the history of user {user}", seconds=60)


def history(stack, user):
    values = {":user": {"S": f"USER#{user}"}, ":entry": {"S": "HIST#"}}
    pages = stack.database.get_paginator("query").paginate(
        TableName=stack.record["table"],
        KeyConditionExpression="PK = :user AND begins_with(SK, :entry)",
        ExpressionAttributeValues=values,
        ConsistentRead=True,
    )
    return [int(item["SK"]["S"].removeprefix("HIST#")) for page in pages for item in page["Items"]]


def check_events(stack, queue, changes):
    """Every version came out at least once, and for the first time in order."""
    seen = {user: [] for user in changes}

    def complete():
        answer = stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            stack.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            detail = json.loads(message["Body"])["detail"]
            if detail["version"] not in seen[detail["user_id"]]:
                seen[detail["user_id"]].append(detail["version"])
        return "Messages" not in answer and all(len(seen[user]) >= count for user, count in changes.items())

    until(complete, "the events of all changes", seconds=120)
    for user, count in changes.items():
        assert seen[user] == list(range(1, count + 1)), f"user {user}: {count} changes, events {seen[user]}"
