#!/usr/bin/env python3
"""What people meet: parameters in groups and in the documentation, alarms that tell somebody and mean something."""

import json
import re

from .translation import alternatives, named, of_kind


def compare(template, root):
    return parameters(template, root) + alarms(template, root) + dead_letters(template) + dashboards(template)


def parameters(template, root):
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    declared = list(template["Parameters"])
    findings = []
    if grouped != declared:
        findings.append("the groups of AWS::CloudFormation::Interface are not the parameters in their order")
    documented = (root / "docs" / "configuration.md").read_text()
    findings += [f"{name}: not in docs/configuration.md" for name in declared if f"`{name}`" not in documented]
    return findings


def alarms(template, root):
    """Nobody is woken by an idle stack, everybody is told when it is over, and each alarm is explained."""
    explained = (root / "docs" / "alarms.md").read_text()
    findings = []
    for name, alarm in of_kind(template, "AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        if properties.get("TreatMissingData") != "notBreaching":
            findings.append(f"{name}: rings while nothing happens")
        if not properties.get("AlarmActions") or properties.get("OKActions") != properties["AlarmActions"]:
            findings.append(f"{name}: does not tell both of trouble and of its end")
        if "AlarmDescription" not in properties:
            findings.append(f"{name}: says nothing")
        if f"\n## {name}\n" not in explained:
            findings.append(f"{name}: not in docs/alarms.md")
    return findings


def dead_letters(template):
    """A queue that no function reads is one that a person has to look at."""
    functions = of_kind(template, "AWS::Serverless::Function").values()
    events = [event for f in functions for event in f["Properties"].get("Events", {}).values()]
    read = {named(event["Properties"].get("Queue")) for event in events if event["Type"] == "SQS"}
    watched = {
        named(dimension["Value"])
        for alarm in of_kind(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == "ApproximateNumberOfMessagesVisible"
        for dimension in alternatives(alarm["Properties"]["Dimensions"])
    }
    unread = of_kind(template, "AWS::SQS::Queue").keys() - read
    return [f"{name}: nobody is told that messages wait there" for name in sorted(unread - watched)]


def dashboards(template):
    """CloudWatch refuses a body that is no JSON only when it is deployed."""
    for name, dashboard in of_kind(template, "AWS::CloudWatch::Dashboard").items():
        try:
            json.loads(re.sub(r"\$\{[\w.:]+\}", "1", dashboard["Properties"]["DashboardBody"]["Fn::Sub"]))
        except json.JSONDecodeError as error:
            return [f"{name}: its body is no JSON: {error}"]
    return []
