"""Users who change their profiles through all five contracts, one change after the other, and keep count."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

JSON = {"Content-Type": "application/json"}
# Seconds between one user's changes: leaves the machine time for the update itself.
PAUSE = 0.2


class Traffic:
    """Runs from `start` to `stop`; afterwards `changes` says how often each user's profile was changed."""

    def __init__(self, record, api_key, users):
        self.url = urllib.parse.urlsplit(record["api_url"])
        self.tokens = Tokens(record["keys"])
        self.api_key = api_key
        self.changes = dict.fromkeys(users, 0)
        self.requests = 0
        self.failures = []
        self.served = []  # (time, public URL that the answer shows): which version it was
        self.slowest = 0.0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.use, args=[user], daemon=True) for user in users]

    def start(self):
        for thread in self.threads:
            thread.start()

    def flow(self, seconds):
        """Waits for that long, or until a request fails."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self.failures:
            time.sleep(0.1)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=60)
            if thread.is_alive():
                self.failures.append("a request that does not end")

    def use(self, user):
        steps = [self.authms, self.ciam, self.cloudbase, self.wts, self.system_user]
        while not self.ended.is_set() and not self.failures:
            for step in steps:
                count = self.changes[user] + 1
                problem = step(user, count)
                if problem:
                    self.failures.append(f"{step.__name__}, change {count} of user {user}: {problem}")
                    return
                self.changes[user] = count
                self.ended.wait(PAUSE)
            status, page = self.send("GET", "/errors/precondition-failed", {"Accept": "application/json"})
            if status != 200:
                self.failures.append(f"error page: {status} {page}")
                return
            self.served.append((time.monotonic(), page["type"].removesuffix("/errors/precondition-failed")))

    def authms(self, user, count):
        status, answer = self.send("PUT", f"/profiles/{user}", self.bearer(user), {"nickname": f"n{count}"})
        good = status == 200 and answer["data"]["profile"]["version"] == count
        return None if good else f"{status} {answer}"

    def ciam(self, user, count):
        status, answer = self.send("PATCH", "/userinfo", self.bearer(user), {"nickname": f"n{count}"})
        return None if status == 200 and answer.get("nickname") == f"n{count}" else f"{status} {answer}"

    def cloudbase(self, user, count):
        body = {"nickname": f"n{count}"}
        status, answer = self.send("POST", "/auth/v1/user/basic/edit", self.bearer(user), body)
        return None if status == 200 else f"{status} {answer}"

    def wts(self, user, count):
        body = {"who": user, "block": "15", "room": str(count), "phone": f"1390{int(user):07}"}
        headers = {"Authorization": f"Bearer {self.tokens.wts(user)}"}
        body |= {"isp": "telecom", "account": "987654321"}
        status, answer = self.send("POST", "/api/v3/change_profile", headers, body)
        return None if status == 200 and answer.get("success") else f"{status} {answer}"

    def system_user(self, user, count):
        headers = {"Authorization": f"Bearer {self.api_key}"}
        body = {"nickName": f"n{count}"}
        status, answer = self.send("POST", f"/api/v1/system/user/{user}/update", headers, body)
        return None if status == 200 and answer.get("code") == "0000" else f"{status} {answer}"

    def bearer(self, user):
        return {"Authorization": f"Bearer {self.tokens.user(user)}"}

    def send(self, method, path, headers, body=None):
        """Status and answer. Never again: a request that fails is a failure."""
        started = time.monotonic()
        connection = http.client.HTTPConnection(self.url.netloc, timeout=30)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, self.url.path + path, payload, JSON | headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as failure:
            return 0, repr(failure)
        finally:
            connection.close()
            self.requests += 1
            self.slowest = max(self.slowest, time.monotonic() - started)


class Tokens:
    """Signs as the issuers that the stack trusts."""

    def __init__(self, directory):
        def read(name):
            with open(f"{directory}/{name}", "rb") as file:
                return file.read()

        self.issuer = serialization.load_der_private_key(read("issuer.pk8"), password=None)
        self.secret = read("wts.key")

    def user(self, subject):
        now = int(time.time())
        claims = {"iss": "https://issuer.test", "aud": "profiles", "sub": subject, "iat": now, "exp": now + 3600}
        signed = compact({"alg": "ES256", "kid": "issuer"}, claims | {"scope": "openid profile"})
        r, s = decode_dss_signature(self.issuer.sign(signed.encode(), ECDSA(hashes.SHA256())))
        return signed + "." + base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def wts(self, openid):
        signed = compact({"alg": "HS256"}, {"openid": openid, "access": "user", "exp": int(time.time()) + 3600})
        return f"{signed}.{base64url(hmac.digest(self.secret, signed.encode(), hashlib.sha256))}"


def compact(header, claims):
    return ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def api_key():
    """A fresh key, and the digest that the table knows it by."""
    key = f"ak-{secrets.token_hex(16)}"
    return key, hashlib.sha256(key.encode()).hexdigest()
