#!/usr/bin/env python3
"""Findings of linters that are let pass, all of them in one file, each with its reason."""

import json
import re


class Suppressions:
    """Entries of the file: a tool, a rule of its, a pattern for the place, and why."""

    def __init__(self, path):
        self.entries = json.loads(path.read_text())
        for entry in self.entries:
            if entry.keys() != {"tool", "rule", "place", "reason"} or len(entry["reason"]) < 20:
                raise ValueError(f"{path}: not a suppression with its reason: {entry}")

    def remaining(self, linted):
        """The findings that no entry lets pass, and the entries that let none pass."""
        findings, used = [], set()
        for finding in linted:
            fitting = [i for i, entry in enumerate(self.entries) if fits(entry, finding)]
            used.update(fitting)
            if not fitting:
                findings.append(str(finding))
        unused = [entry for i, entry in enumerate(self.entries) if i not in used]
        findings += [f"the suppression of {e['tool']} {e['rule']} at {e['place']} lets nothing pass" for e in unused]
        return sorted(set(findings))


def fits(entry, finding):
    return (entry["tool"], entry["rule"]) == (finding.tool, finding.rule) and re.match(entry["place"], finding.place)
