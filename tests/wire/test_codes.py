"""One-time codes are sent, over an emulator's SES v2 and SNS."""

import base64
import hashlib
import json
import re
import unittest

import deployment

CLIENT = "app-" + "0" * 32
SECRET = "as-" + "1" * 64
SENDER = "Profiles <no-reply@example.com>"
SUBJECT = "您的验证码(示例)"


def setUpModule():
    global wire
    parameters = {"EmailSender": SENDER, "CodeSubjectZh": SUBJECT, "SmsSenderId": "Profiles"}
    wire = deployment.start(parameters, seconds=90)
    wire.emulator.client("sesv2").create_email_identity(EmailIdentity="no-reply@example.com")
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    record = {"name": "wire", "secret_digest": digest, "created": 1_775_217_600_000, "disabled": False, "schema": 1}
    wire.write({"PK": f"CLIENT#{CLIENT}", "SK": "CLIENT"} | record)


class Codes(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.function = wire.names["SendOtpFunction"]
        configuration = wire.functions.get_function_configuration(FunctionName=self.function)
        self.variables = configuration["Environment"]["Variables"]
        self.addCleanup(self.configure)

    def configure(self, **variables):
        environment = {"Variables": self.variables | variables}
        wire.functions.update_function_configuration(FunctionName=self.function, Environment=environment)

    def send(self, language="en", **address):
        """What the function answers: status and body."""
        credential = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        event = {
            "version": "2.0",
            "routeKey": "POST /otp/send",
            "rawPath": "/otp/send",
            "headers": {
                "authorization": f"Basic {credential}",
                "content-type": "application/json",
                "accept-language": language,
            },
            "requestContext": {"stage": "$default", "http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "body": json.dumps({"usage": "update_userinfo"} | address),
            "isBase64Encoded": False,
        }
        answer = wire.functions.invoke(FunctionName=self.function, Payload=json.dumps(event))
        self.assertNotIn("FunctionError", answer)
        answer = json.loads(answer["Payload"].read())
        return answer["statusCode"], json.loads(answer["body"])

    def test_a_code_by_sms(self):
        status, body = self.send(phone_number="13900140001")
        self.assertEqual((status, list(body), len(body["otp_token"])), (200, ["otp_token"], 64))
        [message] = deployment.sms(wire, "+8613900140001")
        self.assertEqual(len(re.findall(r"\b[0-9]{6}\b", message["Message"])), 1, message["Message"])
        attribute = message["MessageAttributes"]["AWS.SNS.SMS.SMSType"]
        self.assertEqual(attribute["StringValue"], "Transactional")
        # The address waits now, and nothing more goes out.
        status, body = self.send(phone_number="13900140001")
        self.assertEqual((status, body["error"]), (400, "sms_rate_limit_exceeded"))
        self.assertEqual(len(deployment.sms(wire, "+8613900140001")), 1)

    def test_a_code_by_e_mail_in_the_callers_language(self):
        status, _ = self.send(language="zh-CN", email="code@example.com")
        self.assertEqual(status, 200)
        [message] = deployment.emails(wire, "code@example.com")
        self.assertEqual((message["Source"], message["Subject"]), (SENDER, SUBJECT))
        self.assertEqual(len(re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", message["BodyText"])), 1, message["BodyText"])

    def test_what_no_service_takes_is_not_counted(self):
        wrong = f"{wire.emulator.endpoint}/_localstack/nothing"
        self.configure(AWS_ENDPOINT_URL_SNS=wrong, AWS_ENDPOINT_URL_SESV2="http://127.0.0.1:9")
        unavailable = (503, {"error": "temporarily_unavailable"})
        self.assertEqual(self.send(phone_number="13900140002"), unavailable)
        self.assertEqual(self.send(email="later@example.com"), unavailable)
        self.configure()
        # At once: the failures left no pause behind.
        self.assertEqual(self.send(phone_number="13900140002")[0], 200)
        self.assertEqual(self.send(email="later@example.com")[0], 200)
        self.assertEqual(len(deployment.sms(wire, "+8613900140002")), 1)
        self.assertEqual(len(deployment.emails(wire, "later@example.com")), 1)


if __name__ == "__main__":
    unittest.main()
