// The profile items of the table.
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

const TableName = process.env.TABLE_NAME;
const client = new DynamoDBClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000 },
});

/** The profile is not there, or was erased. */
export class NoSuchUser extends Error {}

/** Opens the connection in INIT; it may fail. */
export async function warmUp() {
  await get({ PK: { S: "USER#" }, SK: { S: "WARMUP" } }).catch(() => {});
}

/** Writes these attributes (`null` removes) and returns the item as it is then; nothing to write: as it is. */
export async function update(user, attributes) {
  const changes = Object.entries(attributes);
  if (changes.length === 0) {
    const { Item } = await get(key(user));
    if (!Item || Item.erased_at) throw new NoSuchUser();
    return Item;
  }
  const now = { N: String(Date.now()) };
  const set = [
    "#version = if_not_exists(#version, :zero) + :one",
    "#created_at = if_not_exists(#created_at, :updated_at)",
  ];
  const remove = [];
  const names = { "#version": "version", "#created_at": "created_at", "#erased_at": "erased_at" };
  const values = { ":zero": { N: "0" }, ":one": { N: "1" } };
  const assign = (name, value) => {
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    set.push(`#${name} = :${name}`);
  };
  assign("updated_at", now);
  assign("user_id", { S: user });
  assign("schema", { N: "1" });
  assign("change_id", { S: crypto.randomUUID() });
  assign("changed_by", { M: { contract: { S: "ciam" }, actor: { S: "subject" } } });
  for (const [name, value] of changes) {
    if (value === null) {
      names[`#${name}`] = name;
      remove.push(`#${name}`);
    } else {
      assign(name, { S: value });
    }
  }
  const command = new UpdateItemCommand({
    TableName,
    Key: key(user),
    UpdateExpression: `SET ${set.join(", ")}` + (remove.length ? ` REMOVE ${remove.join(", ")}` : ""),
    ConditionExpression: "attribute_not_exists(#erased_at)",
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    ReturnValues: "ALL_NEW",
  });
  try {
    return (await client.send(command)).Attributes;
  } catch (error) {
    throw error instanceof ConditionalCheckFailedException ? new NoSuchUser() : error;
  }
}

const key = (user) => ({ PK: { S: `USER#${user}` }, SK: { S: "PROFILE" } });
const get = (Key) => client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
