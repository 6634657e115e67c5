#!/usr/bin/env python3
"""Faults that the checks must find, each planted in a template of its own."""

import json

from . import linters, operation, permissions, triggers, versions
from .translation import Translation, of_kind, translate


def plant(template, root):
    """The faults that nobody noticed."""
    print("planting faults", flush=True)
    missed = []
    for expected, change in IN_TEMPLATE.items():
        faulty = copy(template)
        change(faulty["Resources"])
        translated = translate(faulty).content
        found = triggers.compare(faulty, translated) + permissions.compare(translated) + operation.compare(faulty, root)
        missed += check(expected, found)
    translated = translate(template).content
    for expected, change in IN_TRANSLATION.items():
        faulty = copy(translated)
        change(faulty["Resources"])
        missed += check(expected, triggers.compare(template, faulty) + permissions.compare(faulty))
    unresolved = template | {"Transform": "AWS::Serverless-2016-10-31"}
    return missed + check("Issuers would not go live", versions.compare(unresolved))


def plant_for_linters(template, path):
    """The same for what only linters know: all in one template, since each run of theirs takes seconds."""
    translated = translate(template).content
    for change in FOR_LINTERS.values():
        change(translated["Resources"])
    translated["Resources"] = {name: resource for name, resource in translated["Resources"].items() if name in LINTED}
    path.write_text(json.dumps(translated, indent=2))
    faulty = Translation(translated, path)
    found = [str(finding) for linter in (linters.cfn_lint, linters.checkov) for finding in linter(faulty)]
    return [missed for expected in FOR_LINTERS for missed in check(expected, found)]


def check(expected, findings):
    return [] if any(expected in finding for finding in findings) else [f"not found when planted: {expected}"]


def copy(template):
    return json.loads(json.dumps(template))


def properties(resources, name, *path):
    found = resources[name]["Properties"]
    for member in path:
        found = found[member]
    return found


def forget(sid):
    """Takes a statement out of every policy of the functions."""

    def change(resources):
        for function in of_kind({"Resources": resources}, "AWS::Serverless::Function").values():
            for policy in function["Properties"].get("Policies", []):
                policy["Statement"] = [s for s in policy["Statement"] if f'"Sid": "{sid}"' not in json.dumps(s)]

    return change


CHANGES = ("PublishChangesFunction", "Events", "Changes", "Properties")
IN_TEMPLATE = {
    "its stream is off": lambda r: properties(r, "ProfileTable").pop("StreamSpecification"),
    "without images": lambda r: properties(r, "ProfileTable", "StreamSpecification").update(StreamViewType="KEYS_ONLY"),
    "below 180 s": lambda r: properties(r, "SyncQueue").update(VisibilityTimeout=179),
    "nowhere to go": lambda r: properties(r, "SyncQueue").pop("RedrivePolicy"),
    "lets records be skipped": lambda r: properties(r, *CHANGES).update(MaximumRetryAttempts=3),
    "after the oldest": lambda r: properties(r, *CHANGES).update(StartingPosition="LATEST"),
    "fails its whole batch": lambda r: properties(r, *CHANGES).pop("FunctionResponseTypes"),
    "SyncProfilesFunction: nothing invokes it": lambda r: properties(r, "SyncProfilesFunction").pop("Events"),
    "CognitoPostConfirmationFunction: nothing invokes it": lambda r: r.pop("CognitoPermission"),
    "PutProfileFunction: nothing invokes it": lambda r: properties(r, "PutProfileFunction").pop("Events"),
    "whatever account": lambda r: properties(r, "CognitoPermission").pop("SourceArn"),
    "CognitoPostConfirmationFunction: nothing": lambda r: properties(r, "CognitoPermission").update(
        FunctionName={"Ref": "CognitoPostConfirmationFunction"}
    ),
    "SyncRule: may not send to SyncQueue": lambda r: properties(r, "SyncQueuePolicy", "PolicyDocument", "Statement")[
        0
    ].update(Resource=[]),
    "has EVENT_BUS, but events:PutEvents": forget("Bus"),
    "has FAILED_CHANGES_QUEUE_URL, but sqs:SendMessage": forget("FailedChanges"),
    "has SYNC_DLQ_URL, but sqs:SendMessage": forget("DeadLetters"),
    "has ISSUERS, but secretsmanager:GetSecretValue": forget("IssuerSecrets"),
    "has EMAIL_SENDER, but ses:SendEmail": forget("Email"),
    "has SMS_SENDER_ID, but sns:Publish": forget("Sms"),
    "GetProfileFunction: may not use the key": lambda r: properties(r, "KmsKeyPolicy", "Roles").remove(
        {"Ref": "GetProfileFunctionRole"}
    ),
    "FailedChangesQueue: nobody is told": lambda r: r.pop("FailedChangesAlarm"),
    "LatencyAlarm: rings while nothing happens": lambda r: properties(r, "LatencyAlarm").pop("TreatMissingData"),
    "LatencyAlarm: does not tell": lambda r: properties(r, "LatencyAlarm").pop("OKActions"),
    "its body is no JSON": lambda r: properties(r, "ProfileDashboard", "DashboardBody").update({"Fn::Sub": "{,}"}),
    "OtherAlarm: not in docs": lambda r: r.update(OtherAlarm=r["LatencyAlarm"]),
}


def misroute(resources):
    operation = properties(resources, "Api", "Body", "paths", "/userinfo", "get")
    uri = json.dumps(operation["x-amazon-apigateway-integration"]).replace("GetUserinfoFunctionAliaslive", "Nobody")
    operation["x-amazon-apigateway-integration"] = json.loads(uri)


IN_TRANSLATION = {
    "GET /userinfo: leads to no alias": misroute,
    "PUT /profiles/{user_id}: API Gateway may not invoke": lambda r: r.pop("PutProfileFunctionPutPermission"),
    "SyncProfilesFunction: may not read": lambda r: properties(r, "SyncProfilesFunctionRole", "ManagedPolicyArns").clear(),
    "invokes no alias": lambda r: properties(r, "SyncProfilesFunctionRequests").update(
        FunctionName={"Ref": "SyncProfilesFunction"}
    ),
}
FOR_LINTERS = {
    "cfn-lint E1010: Resources/SyncQueuePolicy": lambda r: properties(r, "SyncQueuePolicy", "PolicyDocument", "Statement")[
        0
    ].update(Resource={"Fn::GetAtt": ["SyncQueue", "Arm"]}),
    "cfn-lint E3002: Resources/Api": lambda r: properties(r, "ApiApiGatewayDefaultStage").update(AccessLogs=True),
    "checkov CKV_AWS_28: ProfileTable": lambda r: properties(r, "ProfileTable").pop("PointInTimeRecoverySpecification"),
    "checkov CKV_AWS_108: SyncProfilesFunctionRole": lambda r: properties(r, "SyncProfilesFunctionRole").update(
        Policies=[{"PolicyName": "All", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]
    ),
}
# The linters need not look at the rest again.
LINTED = {"SyncQueue", "SyncQueuePolicy", "ApiApiGatewayDefaultStage", "ProfileTable", "SyncProfilesFunctionRole"}
