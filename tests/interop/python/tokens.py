# SPDX-License-Identifier: Apache-2.0
"""Signs tokens as the login service of a game would (ES256, by openssl), for tests."""
import base64
import json
import os
import subprocess
import time


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der):
    """r and s of a DER ECDSA signature, 32 bytes each."""
    def number(at):
        size = der[at + 1]
        return der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"), at + 2 + size
    r, at = number(2)
    return r + number(at)[0]


def bearer(text):
    return (("authorization", "Bearer " + text),)


class Signer:
    """A key pair in `folder` and its JWKS, jwks.json there."""

    def __init__(self, folder):
        self.key = os.path.join(folder, "sign.pem")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        point = openssl("ec", "-in", self.key, "-pubout", "-outform", "DER")[-64:]
        key = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "one", "x": b64(point[:32]), "y": b64(point[32:])}
        with open(os.path.join(folder, "jwks.json"), "w") as out:
            json.dump({"keys": [key]}, out)

    def token(self, subject, life=300, header=None, **claims):
        body = {"sub": str(subject), "aud": "statesync", "iat": int(time.time()), "exp": int(time.time()) + life, **claims}
        head = b64(json.dumps(header or {"alg": "ES256", "kid": "one", "typ": "JWT"}).encode())
        signed = f"{head}.{b64(json.dumps(body).encode())}".encode()
        return signed.decode() + "." + b64(raw_signature(openssl("dgst", "-sha256", "-sign", self.key, data=signed)))
