"""Tokens as Cognito issues them, and keys to sign them with: for those who must forge one precisely."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

NOW = 1_800_000_000
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test"
CLIENT = "the-client"
SUB = "219fd469-6bbb-48f9-87ce-a05a8fc0f5e3"
ANY = object()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """One key of a pool."""

    kid: str
    private: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def as_jwk(self, **changes: Any) -> dict[str, Any]:
        jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {
            "kty": "RSA",
            "n": jwk["n"],
            "e": jwk["e"],
            "kid": self.kid,
            "alg": "RS256",
            "use": "sig",
        } | changes

    def sign(self, signed: bytes) -> bytes:
        return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def jwks(*keys: SigningKey) -> bytes:
    return json.dumps({"keys": [key.as_jwk() for key in keys]}).encode()


def access_claims(*, groups: Any = ANY, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token; a change to ANY leaves a claim out."""
    claims = {
        "cognito:groups": groups,
        "sub": SUB,
        "iss": ISSUER,
        "token_use": "access",
        "client_id": CLIENT,
        "username": SUB,
        "iat": NOW - 60,
        "exp": NOW + 840,
        "auth_time": NOW - 60,
        "jti": "2c038230-6306-4553-bf69-ac991ca923b7",
        "scope": "aws.cognito.signin.user.admin",
    } | changes
    return {name: value for name, value in claims.items() if value is not ANY}


def make_token(key: SigningKey, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign claims as Cognito would; ``header`` adds to the header, ANY leaves a member out."""
    head = {"alg": "RS256", "kid": key.kid} | (header or {})
    head = {name: value for name, value in head.items() if value is not ANY}
    return raw_token(key, header=json.dumps(head), payload=json.dumps(access_claims(**claims)))


def raw_token(key: SigningKey, *, header: str, payload: str) -> str:
    signed = f"{base64url(header.encode())}.{base64url(payload.encode())}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"
