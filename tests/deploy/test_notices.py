"""Old addresses are told, over the table's stream, Lambda, SES v2 and SNS.

A retry is an invocation by hand here: see quirks.py.
"""

import json
import time
import unittest

import deployed
from emulator import until
from deployed import item
from deployment import NOTICE_SUBJECT, SENDER

SUPPORT = "If this was not you, contact support immediately."


def setUpModule():
    global stack
    stack = deployed.Deployed()


def sms(phone):
    return deployed.sms(stack, phone)


def emails(address):
    return deployed.emails(stack, address)


def record(old, new):
    """A record of the stream as Lambda hands it over."""
    keys = {name: new[name] for name in ("PK", "SK")}
    images = {"Keys": keys, "OldImage": old, "NewImage": new}
    return {
        "eventID": "e1",
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {name: deployed.serialize(image) for name, image in images.items()} | {"SequenceNumber": "1"},
    }


def now():
    return int(time.time() * 1000)


class Notices(unittest.TestCase):
    maxDiff = None

    def test_a_replaced_phone_is_told_by_sms(self):
        stack.write(item("sms", 1, phone="+8613900130012"))
        stack.write(item("sms", 2, phone="+8613900130013", updated_at=now()))
        [message] = until(lambda: sms("+8613900130012"), "the old phone is told")
        text = {"DataType": "String", "StringValue": "Transactional"}
        self.assertEqual(
            message | {"MessageId": None},
            {
                "PhoneNumber": "+8613900130012",
                "TopicArn": None,
                "SubscriptionArn": None,
                "MessageId": None,
                "Message": f"The phone number of your profile was changed from this one to 139****0013. {SUPPORT}",
                "MessageAttributes": {
                    "AWS.SNS.SMS.SMSType": text,
                    "AWS.SNS.SMS.SenderID": text | {"StringValue": "Profiles"},
                },
                "MessageStructure": None,
                "Subject": None,
            },
        )
        self.assertEqual(sms("+8613900130013"), [])

    def test_a_replaced_address_is_told_by_e_mail_in_its_users_language(self):
        stack.write(item("email", 1, email="ada@example.com"))
        stack.write(item("email", 2, email="gus@example.org", language="zh-CN", updated_at=now()))
        [message] = until(lambda: emails("ada@example.com"), "the old address is told")
        self.assertEqual(
            message | {"MessageId": None, "Timestamp": None},
            {
                "MessageId": None,
                "Source": SENDER,
                "To": ["ada@example.com"],
                "CC": [],
                "BCC": [],
                "Subject": NOTICE_SUBJECT,
                "BodyText": "您账号的邮箱地址已由当前邮箱地址变更为 g***@example.org。如非本人操作,请立即联系客服。",
                "BodyHtml": "",
                "Timestamp": None,
                "Type": "v2.SendEmail",
            },
        )
        self.assertEqual(emails("gus@example.org"), [])


class Failures(unittest.TestCase):
    """The function by hand, with another environment."""

    def setUp(self):
        self.variables = stack.variables("SendNoticesFunction")
        self.addCleanup(self.configure)

    def configure(self, **variables):
        stack.reconfigure("SendNoticesFunction", self.variables | variables)

    def invoke(self, *records):
        event = json.dumps({"Records": records})
        answer = stack.functions.invoke(FunctionName=stack.names["SendNoticesFunction"], Payload=event)
        self.assertNotIn("FunctionError", answer)
        return json.loads(answer["Payload"].read())["batchItemFailures"]

    def test_an_error_of_either_service_is_retried_and_nobody_told_twice(self):
        old = item("retried", 1, phone="+8613900130021", email="retried@example.com")
        change = record(old, item("retried", 2, updated_at=now()))
        # An endpoint that answers everything with an error, and one that nobody listens at.
        wrong = f"{stack.endpoint}/_localstack/nothing"
        self.configure(AWS_ENDPOINT_URL_SNS=wrong, AWS_ENDPOINT_URL_SESV2="http://127.0.0.1:9")
        self.assertEqual(self.invoke(change), [{"itemIdentifier": "1"}])
        self.assertEqual((sms("+8613900130021"), emails("retried@example.com")), ([], []))
        self.configure(AWS_ENDPOINT_URL_SESV2=wrong)
        self.assertEqual(self.invoke(change), [{"itemIdentifier": "1"}])
        self.assertEqual((len(sms("+8613900130021")), emails("retried@example.com")), (1, []))
        self.configure()
        for _ in range(2):
            self.assertEqual(self.invoke(change), [])
            told = sms("+8613900130021"), emails("retried@example.com")
            self.assertEqual(tuple(map(len, told)), (1, 1))

    def test_what_ses_rejects_is_not_retried(self):
        change = record(item("rejected", 1, email="rejected@example.com"), item("rejected", 2, updated_at=now()))
        self.configure(EMAIL_SENDER="nobody@unverified.example")
        self.assertEqual(self.invoke(change), [])
        self.configure()
        self.assertEqual(self.invoke(change), [])
        self.assertEqual(emails("rejected@example.com"), [])

    def test_outside_development_there_is_no_outbox(self):
        change = record(item("outbox", 1, email="outbox@example.com"), item("outbox", 2, updated_at=now()))
        self.configure(COURIER="outbox", OUTBOX_URL="http://127.0.0.1:9/", STAGE="staging")
        event = json.dumps({"Records": [change]})
        answer = stack.functions.invoke(FunctionName=stack.names["SendNoticesFunction"], Payload=event)
        self.assertIn("FunctionError", answer)


if __name__ == "__main__":
    unittest.main()
