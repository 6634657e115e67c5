"""The deployed stack that PROFILE_STACK names, and what its neighbours would do with it."""

import json
import os
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import quirks
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from emulator import client, until

REQUEST = "Profile Sync Requested"


class Deployed:
    def __init__(self):
        self.record = json.loads(Path(os.environ["PROFILE_STACK"]).read_text())
        self.endpoint, self.bus = self.record["endpoint"], self.record["bus"]
        self.events, self.sqs, self.functions, self.database = map(
            self.client, ("events", "sqs", "lambda", "dynamodb")
        )
        listed = self.client("cloudformation").describe_stack_resources(StackName=self.record["stack_name"])
        self.names = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in listed["StackResources"]}

    def client(self, service):
        return client(service, self.endpoint)

    def variables(self, function):
        """A function's environment."""
        configuration = self.functions.get_function_configuration(FunctionName=self.names[function])
        return configuration["Environment"]["Variables"]

    def reconfigure(self, function, variables):
        """Gives a function another environment."""
        quirks.reconfigure(self.functions, self.names[function], variables)

    def listen(self, pattern):
        """The URL of a queue behind a rule with this pattern, such as a consumer of our events would have."""
        name = f"listener-{uuid.uuid4().hex[:8]}"
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name=name, EventBusName=self.bus, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=name, EventBusName=self.bus, Targets=[{"Id": "queue", "Arn": arn}])
        return url

    def receive(self, url, count):
        """That many messages of a queue, and no more than these, in the order of their arrival."""
        messages = []

        def enough():
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                messages.append(message)
            return len(messages) >= count

        until(enough, f"{count} message(s) in {url}; there are {len(messages)}")
        assert len(messages) == count, messages
        return messages

    def request(self, source, detail):
        """Puts a sync request on the bus, and answers its id."""
        entry = {"EventBusName": self.bus, "Source": source, "DetailType": REQUEST, "Detail": json.dumps(detail)}
        answer = self.events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return answer["Entries"][0]["EventId"]

    def write(self, item):
        """Writes an item as it is, past all of our code."""
        self.database.put_item(TableName=self.record["table"], Item=serialize(item))

    def profile(self, user_id):
        """What stands at a user's key, as plain values."""
        key = {"PK": {"S": f"USER#{user_id}"}, "SK": {"S": "PROFILE"}}
        item = self.database.get_item(TableName=self.record["table"], Key=key, ConsistentRead=True).get("Item")
        return item and {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def inspect(stack, path, **query):
    """What the emulator shows of the messages that its services took."""
    url = f"{stack.endpoint}/_ministack/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def sms(stack, phone):
    return inspect(stack, "sns/sms-messages", phoneNumber=phone)["sms_messages"][phone]


def emails(stack, address):
    accounts = inspect(stack, "ses/messages")["messages"].values()
    return [message for messages in accounts for message in messages if address in message["To"]]


def serialize(item):
    """An item in DynamoDB's JSON."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def item(user_id, version, **attributes):
    """A profile item as the HTTP endpoints write it."""
    return {
        "PK": f"USER#{user_id}",
        "SK": "PROFILE",
        "user_id": user_id,
        "version": version,
        "created_at": 1_775_217_600_000,
        "updated_at": 1_775_217_600_000 + version,
        "schema": 1,
        "change_id": f"{user_id}-{version}",
        "changed_by": {"contract": "ciam", "actor": "subject"},
    } | attributes
