"""Changes out and changes in, over the table's stream, Lambda, EventBridge and SQS.

User pools have no post-confirmation trigger in the emulator, which is why that function is invoked by hand here.
"""

import json
import unittest
from decimal import Decimal

import deployed
from emulator import until
from deployed import REQUEST, item

CHANGES = ["Profile Created", "Profile Updated", "Profile Contact Changed", "Profile Erased"]


def setUpModule():
    global stack
    stack = deployed.Deployed()


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
        everything = stack.listen(ours)
        contacts = stack.listen({"detail-type": ["Profile Contact Changed"], "detail": {"user_id": ["out"]}})
        # Not a profile: filtered out by the event source, and the function would pass over it as well.
        stack.write({"PK": "CLAIM#phone#0", "SK": "CLAIM", "owner": "out"})
        stack.write(item("out", 1, nickname="N"))
        stack.write(item("out", 2, nickname="M", city="Lyon"))
        stack.write(item("out", 3, nickname="M", city="Lyon", phone="+8613900139000"))
        by_crm = {"contract": "sync", "actor": "sync", "origin": "crm"}
        stack.write(item("out", 4, erased_at=1_775_217_600_004, changed_by=by_crm))

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
        events = [body(message) for message in stack.receive(everything, 4)]
        events.sort(key=lambda event: event["detail"]["version"])
        self.assertEqual([(e["detail-type"], e["detail"]) for e in events], expected)
        self.assertEqual([body(m)["detail"]["version"] for m in stack.receive(contacts, 1)], [3])

    def test_what_cannot_be_read_goes_to_a_queue_and_holds_up_nothing(self):
        good = stack.listen({"source": ["profile-service"], "detail": {"user_id": ["good"]}})
        stack.write({"PK": "USER#bad", "SK": "PROFILE", "version": "one"})
        stack.write(item("good", 1))
        self.assertEqual(len(stack.receive(good, 1)), 1)
        [message] = stack.receive(stack.record["failed_changes_queue_url"], 1)
        self.assertEqual(body(message)["reason"], "undecodable")


class In(unittest.TestCase):
    maxDiff = None

    def test_a_request_on_the_bus_changes_a_profile_and_names_its_origin(self):
        heard = stack.listen({"source": ["profile-service"], "detail": {"origin": ["crm"], "user_id": ["in"]}})
        stack.request("crm", upsert("in", 7, nickname="From the CRM", city="Lyon"))
        event = body(stack.receive(heard, 1)[0])
        stored = stack.profile("in")
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
        stack.request("crm", upsert("in", 6, nickname="Older"))
        stack.request("crm", upsert("in", 7, nickname="Double"))
        stack.request("crm", upsert("in", 8, city=None))
        event = body(stack.receive(heard, 1)[0])
        self.assertEqual((event["detail"]["version"], event["detail"]["removed"]), (2, ["city"]))
        self.assertEqual(stack.profile("in")["nickname"], "From the CRM")

    def test_a_refused_request_goes_to_the_dead_letters_with_its_reason(self):
        stack.request("crm", upsert("owner", 1, phone="+8613900139001"))
        until(lambda: stack.profile("owner"), "the phone is taken")
        # Says that it comes from us: the rule does not match it, so it is nobody's request.
        stack.request("profile-service", upsert("poisoned", 1, nickname="N"))
        broken = [{"field": "sequence", "code": "range"}, {"field": "shoe", "code": "unknown"}]
        refused = {
            stack.request("crm", upsert("poisoned", 1, phone="+8613900139001")): {
                "reason": "taken",
                "attributes": ["phone"],
            },
            stack.request("directory", upsert("poisoned", 1, city="Lyon")): {
                "reason": "not_allowed",
                "attributes": ["city"],
            },
            stack.request("crm", upsert("poisoned", 0, shoe="43")): {"reason": "invalid", "violations": broken},
            stack.request("stranger", upsert("poisoned", 1, nickname="N")): {"reason": "unknown_source"},
        }
        letters = stack.receive(stack.record["sync_dlq_url"], len(refused))
        self.assertEqual({body(letter)["id"]: reason(letter) for letter in letters}, refused)
        self.assertEqual({body(letter)["detail-type"] for letter in letters}, {REQUEST})
        # Whoever may write to the queue itself need not send an event.
        stack.sqs.send_message(QueueUrl=stack.record["sync_queue_url"], MessageBody="not JSON")
        [letter] = stack.receive(stack.record["sync_dlq_url"], 1)
        self.assertEqual((letter["Body"], reason(letter)), ("not JSON", {"reason": "malformed"}))
        self.assertIsNone(stack.profile("poisoned"))

    def test_a_request_that_keeps_failing_is_redriven(self):
        queue = stack.record["sync_queue_url"]
        variables = stack.variables("SyncProfilesFunction")
        attributes = stack.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]

        def configure(variables, attributes):
            stack.reconfigure("SyncProfilesFunction", variables)
            stack.sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)

        self.addCleanup(configure, variables, attributes)
        # A database that nobody listens for, and a second instead of three minutes until the next attempt.
        configure(variables | {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}, {"VisibilityTimeout": "1"})
        identity = stack.request("crm", upsert("redriven", 1, nickname="N"))
        [letter] = stack.receive(stack.record["sync_dlq_url"], 1)
        # The queue's own doing: the function gives no reason, since the request is a good one.
        self.assertEqual((body(letter)["id"], letter.get("MessageAttributes")), (identity, None))
        self.assertIsNone(stack.profile("redriven"))

        # Sent back once the database answers, as `dlq redrive` does, it is applied.
        configure(variables, attributes)
        stack.sqs.send_message(QueueUrl=queue, MessageBody=letter["Body"])
        self.assertEqual(until(lambda: stack.profile("redriven"), "it is applied")["nickname"], "N")


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
        answer = stack.functions.invoke(
            FunctionName=stack.names["CognitoPostConfirmationFunction"], Payload=json.dumps(event)
        )
        self.assertEqual(json.loads(answer["Payload"].read()), event)
        stored = stack.profile("pool-user")
        self.assertEqual(
            (stored["email"], stored["email_verified"], stored["changed_by"]["origin"]),
            ("zoe@example.com", True, "cognito"),
        )


if __name__ == "__main__":
    unittest.main()
