#!/usr/bin/env python3
"""A function whose settings a parameter changes gets a new version, and with it what `live` stands for."""

import json

from .translation import named, of_kind, translate


def compare(template):
    """As SAM CLI implements AWS::LanguageExtensions, which resolves Resources but not Globals."""
    own = {
        name: set(parameters_in(function["Properties"].get("Environment"), template["Parameters"]))
        for name, function in of_kind(template, "AWS::Serverless::Function").items()
    }
    values = {name: parameter.get("Default", "[]") for name, parameter in template["Parameters"].items()}
    changed = values | {name: f"{values[name]} " for names in own.values() for name in names}
    before, after = versions(template, values), versions(template, changed)
    stale = [name for name, parameters in own.items() if parameters and before[name] == after[name]]
    return [f"{name}: a new value of {', '.join(sorted(own[name]))} would not go live" for name in stale]


def parameters_in(value, declared):
    if isinstance(value, dict):
        if value.get("Ref") in declared:
            yield value["Ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from parameters_in(item, declared)


def versions(template, values):
    """Each function's version as SAM names it, by a hash of all properties."""
    from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions

    expanded = expand_language_extensions(template, values, enabled=True).expanded_template
    translated = translate(json.loads(json.dumps(expanded))).content
    made = of_kind(translated, "AWS::Lambda::Version").items()
    return {named(version["Properties"]["FunctionName"]): name for name, version in made}
