"""Changes out and changes in, over an emulator's DynamoDB stream, Lambda, EventBridge and SQS.

The function binaries are the real ones, the stack is the template's own. What the emulator cannot show: it moves on past
a whole batch of the stream whatever `batchItemFailures` says, enforces no IAM and no bus policy, and its user pools have
no post-confirmation trigger, which is why that function is invoked by hand here.
"""

import json
import unittest
from decimal import Decimal

import deployment
from deployment import REQUEST, item
from emulator import until

SOURCES = [
    {"source": "crm", "attributes": ["nickname", "email", "phone", "city"], "asserts_verified": False},
    {"source": "directory", "attributes": ["nickname"], "asserts_verified": False},
]
CHANGES = ["Profile Created", "Profile Updated", "Profile Contact Changed", "Profile Erased"]


def setUpModule():
    global wire
    wire = deployment.start({"SyncSources": json.dumps(SOURCES)}, seconds=200)


def upsert(user_id, sequence, **attributes):
    return {"user_id": user_id, "operation": "upsert", "sequence": sequence, "attributes": attributes}


def body(message):
    return json.loads(message["Body"])


def reason(message):
    return json.loads(message["MessageAttributes"]["reason"]["StringValue"])


class Out(unittest.TestCase):
    maxDiff = None

    def test_a_written_version_comes_out_as_an_event_that_a_rule_matches(self):
        ours = {"source": ["profile-service"], "detail-type": CHANGES, "detail": {"user_id": ["out"]}}
        everything = wire.listen(ours)
        contacts = wire.listen({"detail-type": ["Profile Contact Changed"], "detail": {"user_id": ["out"]}})
        # Not a profile: filtered out by the event source, and the function would pass over it as well.
        wire.write({"PK": "CLAIM#phone#0", "SK": "CLAIM", "owner": "out"})
        wire.write(item("out", 1, nickname="N"))
        wire.write(item("out", 2, nickname="M", city="Lyon"))
        wire.write(item("out", 3, nickname="M", city="Lyon", phone="+8613900139000"))
        by_crm = {"contract": "sync", "actor": "sync", "origin": "crm"}
        wire.write(item("out", 4, erased_at=1_775_217_600_004, changed_by=by_crm))

        def detail(version, names, **rest):
            expected = {
                "schema_version": 1,
                "event_id": f"out-{version}",
                "user_id": "out",
                "version": version,
                "time": f"2026-04-03T12:00:00.00{version}Z",
                "contract": "ciam",
                "actor": "subject",
                "set": [],
                "changed": [],
                "removed": [],
            }
            return expected | names | rest

        expected = [
            ("Profile Created", detail(1, {"set": ["nickname"]})),
            ("Profile Updated", detail(2, {"set": ["city"], "changed": ["nickname"]})),
            ("Profile Contact Changed", detail(3, {"set": ["phone"]})),
            (
                "Profile Erased",
                detail(4, {"removed": ["city", "nickname", "phone"]}, **by_crm),
            ),
        ]
        events = [body(message) for message in wire.receive(everything, 4)]
        events.sort(key=lambda event: event["detail"]["version"])
        self.assertEqual([(e["detail-type"], e["detail"]) for e in events], expected)
        self.assertEqual([body(m)["detail"]["version"] for m in wire.receive(contacts, 1)], [3])

    def test_what_cannot_be_read_goes_to_a_queue_and_holds_up_nothing(self):
        good = wire.listen({"source": ["profile-service"], "detail": {"user_id": ["good"]}})
        wire.write({"PK": "USER#bad", "SK": "PROFILE", "version": "one"})
        wire.write(item("good", 1))
        self.assertEqual(len(wire.receive(good, 1)), 1)
        [message] = wire.receive(wire.names["FailedChangesQueueUrl"], 1)
        self.assertEqual(body(message)["reason"], "undecodable")


class In(unittest.TestCase):
    maxDiff = None

    def test_a_request_on_the_bus_changes_a_profile_and_names_its_origin(self):
        heard = wire.listen({"source": ["profile-service"], "detail": {"origin": ["crm"], "user_id": ["in"]}})
        wire.request("crm", upsert("in", 7, nickname="From the CRM", city="Lyon"))
        event = body(wire.receive(heard, 1)[0])
        stored = wire.profile("in")
        self.assertEqual(
            {name: stored[name] for name in ("nickname", "city", "version", "changed_by")},
            {
                "nickname": "From the CRM",
                "city": "Lyon",
                "version": Decimal(1),
                "changed_by": {"contract": "sync", "actor": "sync", "origin": "crm"},
            },
        )
        self.assertEqual((event["detail-type"], event["detail"]["event_id"]), ("Profile Created", stored["change_id"]))
        # Stale and double: nothing is written, and so nothing comes out.
        wire.request("crm", upsert("in", 6, nickname="Older"))
        wire.request("crm", upsert("in", 7, nickname="Double"))
        wire.request("crm", upsert("in", 8, city=None))
        event = body(wire.receive(heard, 1)[0])
        self.assertEqual((event["detail"]["version"], event["detail"]["removed"]), (2, ["city"]))
        self.assertEqual(wire.profile("in")["nickname"], "From the CRM")

    def test_a_refused_request_goes_to_the_dead_letters_with_its_reason(self):
        wire.request("crm", upsert("owner", 1, phone="+8613900139001"))
        until(lambda: wire.profile("owner"), "the phone is taken")
        # Says that it comes from us: the rule does not match it, so it is nobody's request.
        wire.request("profile-service", upsert("poisoned", 1, nickname="N"))
        broken = [{"field": "sequence", "code": "range"}, {"field": "shoe", "code": "unknown"}]
        refused = {
            wire.request("crm", upsert("poisoned", 1, phone="+8613900139001")): {
                "reason": "taken",
                "attributes": ["phone"],
            },
            wire.request("directory", upsert("poisoned", 1, city="Lyon")): {
                "reason": "not_allowed",
                "attributes": ["city"],
            },
            wire.request("crm", upsert("poisoned", 0, shoe="43")): {"reason": "invalid", "violations": broken},
            wire.request("stranger", upsert("poisoned", 1, nickname="N")): {"reason": "unknown_source"},
        }
        letters = wire.receive(wire.names["SyncDeadLetterQueueUrl"], len(refused))
        self.assertEqual({body(letter)["id"]: reason(letter) for letter in letters}, refused)
        self.assertEqual({body(letter)["detail-type"] for letter in letters}, {REQUEST})
        # Whoever may write to the queue itself need not send an event.
        wire.sqs.send_message(QueueUrl=wire.names["SyncQueueUrl"], MessageBody="not JSON")
        [letter] = wire.receive(wire.names["SyncDeadLetterQueueUrl"], 1)
        self.assertEqual((letter["Body"], reason(letter)), ("not JSON", {"reason": "malformed"}))
        self.assertIsNone(wire.profile("poisoned"))

    def test_a_request_that_keeps_failing_is_redriven(self):
        function, queue = wire.names["SyncProfilesFunction"], wire.names["SyncQueueUrl"]
        variables = wire.functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        attributes = wire.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]

        def configure(variables, attributes):
            wire.functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
            wire.sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)

        self.addCleanup(configure, variables, attributes)
        # A database that nobody listens for, and a second instead of three minutes until the next attempt.
        configure(variables | {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}, {"VisibilityTimeout": "1"})
        identity = wire.request("crm", upsert("redriven", 1, nickname="N"))
        [letter] = wire.receive(wire.names["SyncDeadLetterQueueUrl"], 1)
        # The queue's own doing: the function gives no reason, since the request is a good one.
        self.assertEqual((body(letter)["id"], letter.get("MessageAttributes")), (identity, None))
        self.assertIsNone(wire.profile("redriven"))

        # Sent back once the database answers, as `dlq redrive` does, it is applied.
        configure(variables, attributes)
        wire.sqs.send_message(QueueUrl=queue, MessageBody=letter["Body"])
        self.assertEqual(until(lambda: wire.profile("redriven"), "it is applied")["nickname"], "N")


class Cognito(unittest.TestCase):
    def test_a_confirmed_user_gets_a_profile_and_the_event_back(self):
        event = {
            "version": "1",
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "region": "us-east-1",
            "userPoolId": "us-east-1_example",
            "userName": "zoe",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown", "clientId": "client"},
            "request": {"userAttributes": {"sub": "pool-user", "email": "zoe@example.com", "email_verified": "true"}},
            "response": {},
        }
        answer = wire.functions.invoke(
            FunctionName=wire.names["CognitoPostConfirmationFunction"], Payload=json.dumps(event)
        )
        self.assertEqual(json.loads(answer["Payload"].read()), event)
        stored = wire.profile("pool-user")
        self.assertEqual(
            (stored["email"], stored["email_verified"], stored["changed_by"]["origin"]),
            ("zoe@example.com", True, "cognito"),
        )


if __name__ == "__main__":
    unittest.main()
