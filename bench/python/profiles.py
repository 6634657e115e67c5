"""The profile items of the table."""

import os
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

TABLE = os.environ["TABLE_NAME"]
client = boto3.client(
    "dynamodb",
    config=Config(
        connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}, tcp_keepalive=True
    ),
)


class NoSuchUser(Exception):
    """The profile is not there, or was erased."""


def warm_up():
    """Opens the connection in INIT; it may fail."""
    try:
        get({"PK": {"S": "USER#"}, "SK": {"S": "WARMUP"}})
    except (BotoCoreError, ClientError):
        pass


def update(user: str, attributes: dict) -> dict:
    """Writes these attributes (`None` removes) and returns the item as it is then; nothing to write: as it is."""
    key = {"PK": {"S": f"USER#{user}"}, "SK": {"S": "PROFILE"}}
    if not attributes:
        item = get(key)
        if item is None or "erased_at" in item:
            raise NoSuchUser
        return item
    assigned = {
        "updated_at": {"N": str(time.time_ns() // 1_000_000)},
        "user_id": {"S": user},
        "schema": {"N": "1"},
        "change_id": {"S": str(uuid.uuid4())},
        "changed_by": {"M": {"contract": {"S": "ciam"}, "actor": {"S": "subject"}}},
    }
    removed = []
    for name, value in attributes.items():
        if value is None:
            removed.append(name)
        else:
            assigned[name] = {"S": value}
    expression = (
        "SET #version = if_not_exists(#version, :zero) + :one, "
        "#created_at = if_not_exists(#created_at, :updated_at), "
    ) + ", ".join(f"#{name} = :{name}" for name in assigned)
    if removed:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    try:
        response = client.update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression=expression,
            ConditionExpression="attribute_not_exists(#erased_at)",
            ExpressionAttributeNames={
                f"#{name}": name for name in [*assigned, *removed, "version", "created_at", "erased_at"]
            },
            ExpressionAttributeValues={
                ":zero": {"N": "0"}, ":one": {"N": "1"}, **{f":{name}": value for name, value in assigned.items()}
            },
            ReturnValues="ALL_NEW",
        )
    except client.exceptions.ConditionalCheckFailedException:
        raise NoSuchUser from None
    return response["Attributes"]


def get(key: dict) -> dict | None:
    return client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
