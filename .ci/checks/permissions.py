#!/usr/bin/env python3
"""Whoever calls may call: API Gateway, Cognito and the bus by resource policies, the functions by their roles.

What a function may do with the table is not looked at here.
"""

import re

from .translation import alternatives, invoked_function, named, of_kind
from .triggers import routes

# A setting of a function, and what the function must then be allowed to do: the action, and whether it is on the
# resource that the setting names.
NEEDED = {
    "EVENT_BUS": ("events:PutEvents", True),
    "FAILED_CHANGES_QUEUE_URL": ("sqs:SendMessage", True),
    "SYNC_DLQ_URL": ("sqs:SendMessage", True),
    "ISSUERS": ("secretsmanager:GetSecretValue", False),
    "EMAIL_SENDER": ("ses:SendEmail", False),
    "SMS_SENDER_ID": ("sns:Publish", False),
}
POLLERS = {"AWS::DynamoDB::Table": "AWSLambdaDynamoDBExecutionRole", "AWS::SQS::Queue": "AWSLambdaSQSQueueExecutionRole"}


def compare(translated):
    findings = invocations(translated) + deliveries(translated) + settings(translated) + key(translated)
    return sorted(findings)


def invocations(translated):
    """A permission for each route, none for everybody, and a managed policy for each poller."""
    findings, granted = [], set()
    for name, permission in of_kind(translated, "AWS::Lambda::Permission").items():
        properties = permission["Properties"]
        if "SourceArn" not in properties:
            findings.append(f"{name}: whatever account may invoke the function")
        granted.add((properties["Principal"], named(properties["FunctionName"]), source(properties.get("SourceArn"))))
    for api, route, called in routes(translated):
        # In a permission every path parameter is an asterisk.
        if ("apigateway.amazonaws.com", called, (api, re.sub(r"\{\w+\}", "*", route.replace(" ", "", 1)))) not in granted:
            findings.append(f"{route}: API Gateway may not invoke {called}")
    for name, mapping in of_kind(translated, "AWS::Lambda::EventSourceMapping").items():
        polled = translated["Resources"].get(named(mapping["Properties"]["EventSourceArn"]), {}).get("Type")
        function = invoked_function(translated, mapping["Properties"]["FunctionName"])
        managed = [str(arn) for arn in role(translated, function).get("ManagedPolicyArns", [])] if function else []
        if polled in POLLERS and not any(POLLERS[polled] in arn for arn in managed):
            findings.append(f"{function}: may not read what {name} reads for it")
    return findings


def source(arn):
    """API, and method and path in one, of a permission's SourceArn; None for another kind of source."""
    substitution = arn.get("Fn::Sub") if isinstance(arn, dict) else None
    if not isinstance(substitution, list):
        return None
    text, values = substitution
    api = named(values.get("__ApiId__"))
    return api, text.rpartition("${__Stage__}/")[2]


def deliveries(translated):
    """A rule's queues, those for what cannot be delivered included, let the bus send to them."""
    findings = []
    allowed = {
        (named(resource), named(statement["Condition"]["ArnEquals"]["aws:SourceArn"]))
        for policy in of_kind(translated, "AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"} and statement["Action"] == "sqs:SendMessage"
        for resource in alternatives(statement["Resource"])
    }
    for name, rule in of_kind(translated, "AWS::Events::Rule").items():
        for target in rule["Properties"]["Targets"]:
            queues = [target["Arn"], target.get("DeadLetterConfig", {}).get("Arn")]
            findings += [f"{name}: may not send to {named(q)}" for q in queues if (named(q), name) not in allowed]
    return findings


def settings(translated):
    """A function that is told of a bus, a queue, a secret or a sender may use it."""
    findings = []
    for name, function in of_kind(translated, "AWS::Lambda::Function").items():
        allowed = list(statements(translated, name))
        for setting, value in function["Properties"].get("Environment", {}).get("Variables", {}).items():
            action, on_it = NEEDED.get(setting, (None, False))
            fits = (
                action in alternatives(statement["Action"])
                and (not on_it or named(value) in map(named, alternatives(statement.get("Resource", []))))
                for statement in allowed
            )
            if action and not any(fits):
                findings.append(f"{name}: has {setting}, but {action} is not allowed")
    return findings


def key(translated):
    """Whoever reads or writes table or queues may use the stack's key."""
    policies = of_kind(translated, "AWS::IAM::ManagedPolicy").values()
    holders = {named(role) for policy in policies for role in policy["Properties"].get("Roles", [])}
    findings = []
    for name, function in of_kind(translated, "AWS::Lambda::Function").items():
        encrypted = any(
            action.startswith(("dynamodb:", "sqs:"))
            for statement in statements(translated, name)
            for action in alternatives(statement["Action"])
        )
        if encrypted != (named(function["Properties"]["Role"]) in holders):
            findings.append(f"{name}: may {'not ' if encrypted else ''}use the key, KmsKeyPolicy and its own policies differ")
    return findings


def role(translated, function):
    return translated["Resources"][named(translated["Resources"][function]["Properties"]["Role"])]["Properties"]


def statements(translated, function):
    for policy in role(translated, function).get("Policies", []):
        yield from alternatives(policy["PolicyDocument"]["Statement"])
