"""The deployed stack: what `sam deploy` makes of what `sam build` left, and the record that tests find it by."""

import json
import os
import subprocess
from pathlib import Path

import quirks
import yaml
from emulator import REGION, ROOT

NAME = "profiles"
SENDER = "Profiles <no-reply@example.com>"
SUBJECT = "您的验证码(示例)"
NOTICE_SUBJECT = "您的邮箱已变更(示例)"
SOURCES = [
    {"source": "crm", "attributes": ["nickname", "email", "phone", "city"], "asserts_verified": False},
    {"source": "directory", "attributes": ["nickname"], "asserts_verified": False},
]
PARAMETERS = {
    "Stage": "dev",
    "PublicUrl": "https://id.example.com",
    "ContactVerification": "off",
    "EmailSender": SENDER,
    "CodeSubjectZh": SUBJECT,
    "NoticeSubjectZh": NOTICE_SUBJECT,
    "SmsSenderId": "Profiles",
    "SyncSources": json.dumps(SOURCES),
}


class Deployment:
    """A stack that is deployed once and may be updated."""

    def __init__(self, emulator, built):
        self.emulator = emulator
        self.built = Path(built)
        self.keys = emulator.directory / "keys"
        self.record = emulator.directory / "stack.json"
        self.parameters = PARAMETERS | {"Architecture": os.environ["ARCHITECTURE"]}

    def prepare(self):
        """What a deployment expects of the account: signing keys, their secret, and a sender that SES knows."""
        issuers(self.keys)
        secrets = self.emulator.client("secretsmanager")
        arn = secrets.create_secret(Name="wts", SecretString=(self.keys / "wts.key").read_text())["ARN"]
        self.parameters |= {"Issuers": issuers(self.keys, "--wts-secret-arn", arn), "IssuerSecretArns": arn}
        self.emulator.client("sesv2").create_email_identity(EmailIdentity="no-reply@example.com")

    def deploy(self, **parameters):
        """Deploys, or updates, the stack with these parameters beside its own, and writes its record."""
        self.parameters |= parameters
        template = self.built / "emulator.json"
        known, gone = quirks.known(load(self.built / "template.yaml"))
        template.write_text(json.dumps(known))
        if not self.record.exists():
            for name, why in gone.items():
                print(f"left out: {name}: {why}", flush=True)
        command = [os.environ["SAM"], "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", "dev"]
        command += ["--template-file", template, "--stack-name", NAME, "--region", REGION]
        command += ["--no-confirm-changeset", "--no-progressbar"]
        command += ["--parameter-overrides", *(f"{k}={quoted(v)}" for k, v in self.parameters.items())]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(self.emulator), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600
        )
        if done.returncode:
            raise RuntimeError(f"sam deploy failed:\n{done.stdout.decode(errors='replace')}")
        self.names = self.describe()
        quirks.create_routes(self.emulator, NAME, self.names)
        quirks.allow_sending(self.emulator, self.names)
        self.record.write_text(json.dumps(self.describe_for_tests(), indent=2))

    def describe(self):
        """The physical names of the resources and the outputs, in one dictionary."""
        cloudformation = self.emulator.client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        listed = cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
        names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in listed}
        return names | {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def describe_for_tests(self):
        names = self.names
        return {
            "api_url": quirks.api_url(self.emulator, names["Api"]),
            "api_headers": {},
            "public_url": self.parameters["PublicUrl"],
            "endpoint": self.emulator.endpoint,
            "region": REGION,
            "stack_name": NAME,
            "table": names["TableName"],
            "bus": names["EventBusName"],
            "sync_queue_url": names["SyncQueueUrl"],
            "sync_dlq_url": names["SyncDeadLetterQueueUrl"],
            "failed_changes_queue_url": names["FailedChangesQueueUrl"],
            "keys": str(self.keys),
        }


def environment(emulator):
    """What an AWS client needs to reach the emulator and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | emulator.environment | {"PYTHONPATH": os.environ["SAM_PYTHONPATH"], "SAM_CLI_POLL_DELAY": "1"}


def issuers(directory, *arguments):
    command = ["cargo", "run", "--locked", "--quiet", "--bin", "issuers", "--", directory]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def quoted(value):
    """A value as `--parameter-overrides` reads it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def load(path):
    """A template with its short tags written out."""

    class Loader(yaml.SafeLoader):
        pass

    def intrinsic(loader, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
            value = value.split(".", 1) if suffix == "GetAtt" else value
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", intrinsic)
    return yaml.load(path.read_text(), Loader)
