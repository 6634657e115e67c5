#!/usr/bin/env python3
"""The template, and the CloudFormation template that AWS makes of it."""

import json
import os
import re
import sys

REGION = "us-east-1"


class Translation:
    """A translation and the file that it stands in; None for one that nobody reads."""

    def __init__(self, content, path):
        self.content = content
        self.path = path


class NoManagedPolicies:
    def load(self):
        return {}


def load(path):
    """The template as plain JSON values, its short tags written out."""
    import cfnlint.decode.cfn_yaml

    # Through JSON, because the reader's own dictionaries carry line numbers that the translator trips over.
    return json.loads(json.dumps(cfnlint.decode.cfn_yaml.load(str(path))))


def translate(template, path=None, **parameters):
    """What the translator refuses ends the run. AWS::LanguageExtensions is not applied, so references stay references."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    from samtranslator.public.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    # `sam build` puts an S3 address where the source directory stands.
    template = json.loads(json.dumps(template))
    template.get("Globals", {}).get("Function", {})["CodeUri"] = "s3://bucket/key"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
    values = {name: p.get("Default", "[]") for name, p in template.get("Parameters", {}).items()} | parameters
    try:
        content = transform(template, values, NoManagedPolicies())
    except InvalidDocumentException as invalid:
        for cause in invalid.causes:
            print(f"template.yaml: {cause.message}")
        sys.exit(f".ci/template: {len(invalid.causes)} finding(s)")
    if path:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2))
    return Translation(content, path)


def of_kind(template, kind):
    """The resources of a type, by name."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def named(reference):
    """The resource that a Ref, a GetAtt or a Sub speaks of; None for anything else."""
    if not isinstance(reference, dict):
        return None
    target = reference.get("Ref") or reference.get("Fn::GetAtt")
    if isinstance(target, list):
        return target[0]
    if target is None and isinstance(reference.get("Fn::Sub"), str):
        [*names] = re.findall(r"\$\{(\w+)", reference["Fn::Sub"])
        return names[-1] if names else None
    return target


def alternatives(value):
    """A list with the branches of each Fn::If in it, but for AWS::NoValue."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and "Fn::If" in item:
            yield from alternatives(item["Fn::If"][1:])
        elif item != {"Ref": "AWS::NoValue"}:
            yield item


def invoked_function(translated, reference):
    """The function behind the alias that a reference names; None when it names no alias."""
    alias = translated["Resources"].get(named(reference), {})
    return named(alias["Properties"]["FunctionName"]) if alias.get("Type") == "AWS::Lambda::Alias" else None
