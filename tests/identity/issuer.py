"""An issuer of tokens on loopback: keys, a JWKS that can be stopped and counts who asks, and tokens good and bad."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NAME = "https://sso.alpha.example"
AUDIENCE = "lms"
GOOD = {"sub": "s-1", "aud": AUDIENCE, "iss": NAME}


def encoded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def rsa_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(key, kid, **more):
    """The public half of a private key, as it stands in a JWKS."""
    kinds = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    algorithm = next((found for kind, found in kinds.items() if isinstance(key, kind)), OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def token(key, *, alg="RS256", kid="rsa", headers=None, drop=(), now=None, **claims):
    """A token of the issuer's; each claim may be another, or left out."""
    issued = int(time.time() if now is None else now)
    said = {**GOOD, "iat": issued, "exp": issued + 3600, **claims}
    said = {name: value for name, value in said.items() if name not in drop}
    head = {"alg": alg, "typ": "JWT", "kid": kid, **(headers or {})}
    return signed(key, alg, {name: value for name, value in head.items() if value is not None}, said)


def signed(key, alg, header, claims):
    """Any header over any claims, signed: also what no library would issue."""
    text = f"{encoded(header)}.{encoded(claims)}"
    algorithm = jwt.get_algorithm_by_name(alg)
    return f"{text}.{encoded(algorithm.sign(text.encode(), key))}"


class IssuerServer:
    """A JWKS at `uri`. `requests` counts; `answer` may be changed; `stop` and `start` keep the port."""

    def __init__(self, keys):
        self.keys = keys
        self.requests = 0
        self.status, self.headers, self.body, self.pause = 200, {}, None, 0.0
        self.port = 0
        self.start()

    def start(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                time.sleep(outer.pause)
                body = outer.body if outer.body is not None else json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                for name, value in {"Content-Length": str(len(body)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self.uri = f"http://127.0.0.1:{self.port}/jwks"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def configured(self, **more):
        """How LMS_OIDC_ISSUERS names it."""
        return {
            "issuer": NAME,
            "audience": AUDIENCE,
            "jwks_uri": self.uri,
            "algorithms": ["RS256", "ES256", "EdDSA"],
            **more,
        }


class Keys:
    """Three keys of the issuer's, one that it does not have, and one that is too weak."""

    def __init__(self):
        self.rsa = rsa_key()
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.foreign = rsa_key()
        self.weak = rsa_key(1024)

    def published(self):
        return [jwk(self.rsa, "rsa"), jwk(self.ec, "ec"), jwk(self.ed, "ed"), jwk(self.weak, "weak")]
