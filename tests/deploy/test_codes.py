"""One-time codes are sent, over SES v2 and SNS."""

import base64
import hashlib
import json
import re
import unittest
import urllib.error
import urllib.request

import deployed
from deployment import SENDER, SUBJECT

CLIENT = "app-" + "0" * 32
SECRET = "as-" + "1" * 64


def setUpModule():
    global stack
    stack = deployed.Deployed()
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    record = {"name": "shop", "secret_digest": digest, "created": 1_775_217_600_000, "disabled": False, "schema": 1}
    stack.write({"PK": f"CLIENT#{CLIENT}", "SK": "CLIENT"} | record)


class Codes(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.variables = stack.variables("SendOtpFunction")
        self.addCleanup(self.configure)

    def configure(self, **variables):
        stack.reconfigure("SendOtpFunction", self.variables | variables)

    def send(self, language="en", **address):
        """What the API answers: status and body."""
        credential = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        request = urllib.request.Request(
            f"{stack.record['api_url']}/otp/send",
            data=json.dumps({"usage": "update_userinfo"} | address).encode(),
            headers={
                "Authorization": f"Basic {credential}",
                "Content-Type": "application/json",
                "Accept-Language": language,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def test_a_code_by_sms(self):
        status, body = self.send(phone_number="13900140001")
        self.assertEqual((status, list(body), len(body["otp_token"])), (200, ["otp_token"], 64))
        [message] = deployed.sms(stack, "+8613900140001")
        self.assertEqual(len(re.findall(r"\b[0-9]{6}\b", message["Message"])), 1, message["Message"])
        attribute = message["MessageAttributes"]["AWS.SNS.SMS.SMSType"]
        self.assertEqual(attribute["StringValue"], "Transactional")
        # The address waits now, and nothing more goes out.
        status, body = self.send(phone_number="13900140001")
        self.assertEqual((status, body["error"]), (400, "sms_rate_limit_exceeded"))
        self.assertEqual(len(deployed.sms(stack, "+8613900140001")), 1)

    def test_a_code_by_e_mail_in_the_callers_language(self):
        status, _ = self.send(language="zh-CN", email="code@example.com")
        self.assertEqual(status, 200)
        [message] = deployed.emails(stack, "code@example.com")
        self.assertEqual((message["Source"], message["Subject"]), (SENDER, SUBJECT))
        self.assertEqual(len(re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", message["BodyText"])), 1, message["BodyText"])

    def test_what_no_service_takes_is_not_counted(self):
        wrong = f"{stack.endpoint}/_localstack/nothing"
        self.configure(AWS_ENDPOINT_URL_SNS=wrong, AWS_ENDPOINT_URL_SESV2="http://127.0.0.1:9")
        unavailable = (503, {"error": "temporarily_unavailable"})
        self.assertEqual(self.send(phone_number="13900140002"), unavailable)
        self.assertEqual(self.send(email="later@example.com"), unavailable)
        self.configure()
        # At once: the failures left no pause behind.
        self.assertEqual(self.send(phone_number="13900140002")[0], 200)
        self.assertEqual(self.send(email="later@example.com")[0], 200)
        self.assertEqual(len(deployed.sms(stack, "+8613900140002")), 1)
        self.assertEqual(len(deployed.emails(stack, "later@example.com")), 1)


if __name__ == "__main__":
    unittest.main()
