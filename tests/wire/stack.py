"""The template's own stack in the emulator, without the HTTP API.

What is deployed is the CloudFormation translation of template.yaml: its table, stream, event source mappings, bus, rule,
queues and redrive policy, not a copy of them made for the test.
"""

import io
import json
import platform
import re
import subprocess
import zipfile

from emulator import ROOT, until

NAME = "wire"
# Functions that are invoked by events, and one that is invoked by hand for the services that it calls.
INVOKED = ["publish-changes", "send-notices", "sync-profiles", "cognito-post-confirmation", "send-otp"]
# The emulator has no bus policies. They decide who may put events, which it would not enforce anyway. Nor does it know
# metric math, and alarms never ring there.
UNKNOWN = {"AWS::Events::EventBusPolicy", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}


def deploy(emulator, built, parameters):
    """Deploys, and answers the physical names of the resources and the outputs in one dictionary."""
    translated = json.loads((ROOT / "target" / "template.cloudformation.json").read_text())
    resources = without_endpoints(translated["Resources"])
    upload(emulator, built, resources)
    gone = translated["Resources"].keys() - resources.keys()
    outputs = {name: output for name, output in translated["Outputs"].items() if not references(output) & gone}
    translated |= {"Resources": resources, "Outputs": outputs}
    cloudformation = emulator.client("cloudformation")
    architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
    parameters = {"Issuers": "[]", "Stage": "dev", "Architecture": architecture} | parameters
    cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(translated),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )

    def created():
        stack = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_IN_PROGRESS":
            return None
        events = cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
        reasons = [e.get("ResourceStatusReason") for e in events if "FAILED" in e["ResourceStatus"]]
        assert stack["StackStatus"] == "CREATE_COMPLETE", (stack["StackStatus"], reasons)
        return stack

    stack = until(created, "the stack is created", seconds=60)
    listed = cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
    names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in listed}
    return names | {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def without_endpoints(resources):
    """All resources but the API, functions that nobody invokes here, and what is there for them only."""

    def is_endpoint(resource):
        binary = resource.get("Metadata", {}).get("BuildProperties", {}).get("Binary")
        return resource["Type"].startswith("AWS::ApiGatewayV2::") or binary not in (None, *INVOKED)

    gone = {name for name, resource in resources.items() if is_endpoint(resource) or resource["Type"] in UNKNOWN}
    while more := {name for name, resource in resources.items() if references(resource) & gone} - gone:
        gone |= more
    kept = {name: resource for name, resource in resources.items() if name not in gone}
    used = set().union(*(references(resource) for resource in kept.values()))
    return {n: r for n, r in kept.items() if r["Type"] != "AWS::IAM::Role" or n in used}


def references(value):
    """Names that stand in a Ref, a GetAtt or a Sub anywhere in a value."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()))
    if "Ref" in value:
        found.add(value["Ref"])
    if "Fn::GetAtt" in value:
        found.add(value["Fn::GetAtt"][0])
    if isinstance(value.get("Fn::Sub"), str):
        found.update(re.findall(r"\$\{(\w+)", value["Fn::Sub"]))
    return found


def upload(emulator, built, resources):
    """Puts each function's binary where its Code points."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="code")
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            binary = resource["Metadata"]["BuildProperties"]["Binary"]
            s3.put_object(Bucket="code", Key=binary, Body=package(built[binary]))
            resource["Properties"]["Code"] = {"S3Bucket": "code", "S3Key": binary}


def build():
    """Paths of the workspace's binaries, built as `cargo run` builds them."""
    command = ["cargo", "build", "--bins", "--message-format=json-render-diagnostics"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = map(json.loads, output.splitlines())
    return {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}


def package(path):
    """A deployment package: the binary under the name that the runtime starts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with open(path, "rb") as binary:
            archive.writestr(entry, binary.read())
    return packed.getvalue()
