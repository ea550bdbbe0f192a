"""Attacks with tokens: forged, altered, stolen, misplaced. Each asks for an order that a good token would get."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from django.conf import settings

from tests.attack.attack import Attack
from tests.attack.siege import Siege
from tests.attack.wire import Reply, request
from tests.tokens import ANY, base64url, raw_token

Forge = Callable[[Siege], str]
YEAR = 31_536_000


def bearer(
    title: str, forge: Forge, *, status: int = 401, code: str = "invalid_token", **more: Any
) -> Attack:
    """An order under a forged token."""
    return Attack(
        kind="tokens",
        title=title,
        status=status,
        code=code,
        send=lambda siege: siege.place(token=forge(siege)),
        **more,
    )


def header(title: str, value: Callable[[Siege], str], *, code: str = "invalid_token") -> Attack:
    """An order under a whole Authorization header."""
    return sending(title, lambda siege: siege.place(headers=[("Authorization", value(siege))]), code=code)


def sending(title: str, send: Callable[[Siege], Reply], *, status: int = 401, **more: Any) -> Attack:
    return Attack(kind="tokens", title=title, status=status, send=send, **more)


def claiming(title: str, **claims: Any) -> Attack:
    """An order under a well-signed token with a wrong claim."""
    return bearer(title, lambda siege: siege.mint(**claims))


def heading(title: str, **members: Any) -> Attack:
    """An order under a well-signed token with a hostile header."""
    return bearer(title, lambda siege: siege.mint(header=members))


def timed(title: str, **offsets: int) -> Attack:
    """An order under a token whose times are so many seconds from now."""
    return bearer(
        title,
        lambda siege: siege.mint(**{name: siege.claims()["iat"] + 60 + by for name, by in offsets.items()}),
    )


def parts(title: str, alter: Callable[[str, str, str], str], *, code: str = "invalid_token") -> Attack:
    """An order under a good token whose parts were altered."""
    return bearer(title, lambda siege: alter(*siege.mint().split(".")), code=code)


def unsigned(siege: Siege, algorithm: str, *, signature: str = "") -> str:
    head = {"alg": algorithm, "kid": siege.pool_key.kid, "typ": "JWT"}
    claims = siege.claims(**{"cognito:groups": ["admin"], "token_use": "access"})
    return f"{base64url(json.dumps(head).encode())}.{base64url(json.dumps(claims).encode())}.{signature}"


def with_public_key(siege: Siege, secret: bytes) -> str:
    signed = unsigned(siege, "HS256").rstrip(".")
    return f"{signed}.{base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def public_der(siege: Siege) -> bytes:
    return siege.pool_key.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def signed_with(algorithm: str) -> Forge:
    """Sign good claims by another algorithm."""

    def forge(siege: Siege) -> str:
        key = generate_ec_key(SECP256R1()) if algorithm.startswith("ES") else siege.pool_key.private
        claims = siege.claims(token_use="access")
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": siege.pool_key.kid})

    return forge


def twice_named(siege: Siege) -> str:
    """A well-signed payload that names two subjects."""
    claims = json.dumps(siege.claims(token_use="access"))
    head = json.dumps({"alg": "RS256", "kid": siege.pool_key.kid})
    return raw_token(siege.pool_key, header=head, payload=f'{claims[:-1]}, "sub": "{siege.ann.sub}"}}')


def promoted(head: str, body: str, signature: str) -> str:
    """Put oneself into a group and keep the signature."""
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{base64url(json.dumps({**claims, 'cognito:groups': ['admin']}).encode())}.{signature}"


def encrypted(siege: Siege) -> str:
    head = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": siege.pool_key.kid}
    return ".".join([base64url(json.dumps(head).encode()), *[base64url(b"x" * 32)] * 4])


def nested(siege: Siege) -> str:
    head = json.dumps({"alg": "RS256", "kid": siege.pool_key.kid, "cty": "JWT"})
    return raw_token(siege.pool_key, header=head, payload=json.dumps(siege.mint()))


def own_key(siege: Siege) -> dict[str, Any]:
    return siege.foreign_key.as_jwk(kid=siege.pool_key.kid)


def sent_along(title: str, member: str, value: Callable[[Siege], Any]) -> Attack:
    """An order under a token signed by the attacker's key, which its own header offers."""
    return bearer(
        title,
        lambda siege: siege.mint(
            key=siege.foreign_key, header={"kid": siege.pool_key.kid, member: value(siege)}
        ),
    )


SIGNATURES = [
    bearer("`alg: none` without a signature, in the group admin", lambda siege: unsigned(siege, "none")),
    bearer("`alg: NoNe`", lambda siege: unsigned(siege, "NoNe")),
    bearer("`alg: nOnE` with a real signature", lambda siege: unsigned(siege, "nOnE", signature=siege.mint().split(".")[2])),
    heading("no `alg`", alg=ANY),
    heading("`alg` a list", alg=["RS256", "none"]),
    bearer("HS256 with the public key (PEM) as the secret", lambda siege: with_public_key(siege, siege.pool_key.public_pem())),
    bearer("HS256 with the public key (DER) as the secret", lambda siege: with_public_key(siege, public_der(siege))),
    bearer("HS256 with an empty secret", lambda siege: with_public_key(siege, b"")),
    bearer("RS512 by the right key", signed_with("RS512")),
    bearer("PS256 by the right key", signed_with("PS256")),
    bearer("ES256 by an own key", signed_with("ES256")),
    bearer("a foreign key under the real `kid`", lambda siege: siege.mint(key=siege.foreign_key, header={"kid": siege.pool_key.kid})),
    bearer("a foreign key under its own `kid`", lambda siege: siege.mint(key=siege.foreign_key)),
    parts("an altered payload: in the group admin", promoted),
    parts("a truncated signature", lambda head, body, sign: f"{head}.{body}.{sign[:-8]}"),
    parts("no signature", lambda head, body, _sign: f"{head}.{body}."),
    bearer("the signature of another token", lambda siege: promoted(*siege.mint(jti="other").split("."))),
]  # fmt: skip

HEADERS = [
    heading("`kid` a path", kid="../../../../dev/null"),
    bearer("`kid` a URL", lambda siege: siege.mint(header={"kid": f"{siege.listener.url}/key"})),
    heading("`kid` SQL", kid="x' UNION SELECT 'key' --"),
    heading("`kid` of 4 KB", kid="k" * 4096),
    bearer("`kid` of 10 KB", lambda siege: siege.mint(header={"kid": "k" * 10_240}), status=431, code="headers_too_large"),
    heading("`kid` an integer", kid=0),
    heading("`kid` null", kid=None),
    heading("no `kid`", kid=ANY),
    heading("`kid` with NUL", kid="attacked-pool-key\0"),
    heading("`kid` in capitals", kid="ATTACKED-POOL-KEY"),
    sent_along("`jwk`: the attacker's key in the header", "jwk", own_key),
    sent_along("`jku`: the address of the attacker's keys", "jku", lambda siege: f"{siege.listener.url}/jwks.json"),
    sent_along("`x5u`: the address of the attacker's certificate", "x5u", lambda siege: f"{siege.listener.url}/x.pem"),
    sent_along("`x5c`: a certificate in the header", "x5c", lambda siege: [base64.b64encode(siege.foreign_key.public_pem()).decode()]),
    heading("`crit` names what nobody knows", crit=["http://example.com/role"]),
    heading("`b64: false`: the payload is not signed as it stands", crit=["b64"], b64=False),
    heading("`zip`: a compressed payload", zip="DEF"),
]  # fmt: skip

CLAIMS = [
    claiming("`iss` another pool", iss="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Evil"),
    bearer("`iss` another region", lambda siege: siege.mint(iss=settings.COGNITO_ISSUER.replace("us-east-1", "eu-west-1"))),
    bearer("`iss` with a slash at the end", lambda siege: siege.mint(iss=f"{settings.COGNITO_ISSUER}/")),
    bearer("`iss` over http", lambda siege: siege.mint(iss=settings.COGNITO_ISSUER.replace("https", "http"))),
    bearer("`iss` a list with the right one", lambda siege: siege.mint(iss=[settings.COGNITO_ISSUER])),
    claiming("no `iss`", iss=ANY),
    bearer("`token_use: id` (an ID token)", lambda siege: siege.mint(token_use="id", aud=settings.COGNITO_CLIENT_ID)),
    claiming("no `token_use`", token_use=ANY),
    claiming("`token_use: ACCESS`", token_use="ACCESS"),
    claiming("`client_id` of another client", client_id="another-client"),
    bearer("`client_id` a list with the right one", lambda siege: siege.mint(client_id=[settings.COGNITO_CLIENT_ID])),
    claiming("no `client_id`", client_id=ANY),
    bearer("`aud` in place of `client_id`", lambda siege: siege.mint(client_id=ANY, aud=settings.COGNITO_CLIENT_ID)),
    claiming("no `sub`", sub=ANY),
    claiming("`sub` a number", sub=0),
    claiming("`sub` longer than any", sub="s" * 200),
    claiming("`cognito:groups` a text, not a list", groups="admin"),
    bearer("two members named `sub`", twice_named),
    timed("expired an hour ago", iat=-7200, exp=-3600),
    timed("expired a minute ago", iat=-900, exp=-60),
    timed("`iat` in the future", iat=600, exp=1200),
    timed("`nbf` in the future", nbf=600),
    timed("valid for a year", exp=YEAR),
    claiming("`exp` 1e30", exp=1e30),
    claiming("`exp` a whole number of thirty digits", exp=10**30),
    claiming("`exp` NaN", exp=float("nan")),
    claiming("`exp` Infinity", exp=float("inf")),
    claiming("`exp` a text", exp="9999999999"),
    claiming("`exp` negative", exp=-1),
    claiming("`exp` true", exp=True),
    claiming("no `exp`", exp=ANY),
    claiming("no `iat`", iat=ANY),
]  # fmt: skip

SHAPES = [
    parts("one segment", lambda _head, body, _sign: body),
    parts("two segments", lambda head, body, _sign: f"{head}.{body}"),
    parts("four segments", lambda head, body, sign: f"{head}.{body}.{sign}.{sign}"),
    bearer("five segments (encrypted)", encrypted),
    parts("three empty segments", lambda *_parts: ".."),
    parts("padding behind the segments", lambda head, body, sign: f"{head}==.{body}==.{sign}=="),
    parts("white space inside", lambda head, body, sign: f"{head}. {body}.{sign}"),
    parts("characters beyond ASCII", lambda head, body, sign: f"{head}.{body}.{sign}\u0661"),
    bearer("a token in a token", nested),
    bearer("8 KB", lambda siege: "A" * 8000),
    bearer("1 MB", lambda siege: "A" * 1_000_000, status=431, code="headers_too_large"),
    bearer("a real ID token", lambda siege: siege.bob.issued["idToken"]),
    bearer("a real refresh token", lambda siege: siege.bob.issued["refreshToken"]),
]  # fmt: skip

PLACES = [
    sending("the token in the query", lambda siege: siege.call("POST", f"/orders?access_token={siege.bob.token}", {}), code="not_authenticated"),
    sending("the token in a cookie", lambda siege: siege.place(headers=[("Cookie", f"accessToken={siege.bob.token}; token={siege.bob.token}")]), code="not_authenticated"),
    sending("the token in the body", lambda siege: siege.place(access_token=siege.bob.token), code="not_authenticated"),
    sending("the token in `X-Authorization`", lambda siege: siege.place(headers=[("X-Authorization", f"Bearer {siege.bob.token}")]), code="not_authenticated"),
    sending("`Authorization_`, which CGI spells alike", lambda siege: siege.place(headers=[("Authorization_", f"Bearer {siege.bob.token}")]), code="not_authenticated"),
    sending("a proxy's headers: `X-User-Id`, `Remote-User`", lambda siege: siege.place(headers=[("X-User-Id", siege.ann.sub), ("Remote-User", siege.ann.sub), ("X-Amzn-Oidc-Identity", siege.ann.sub)]), code="not_authenticated"),
    header("Basic", lambda siege: "Basic " + base64.b64encode(f"{siege.bob.email}:{siege.bob.password}".encode()).decode()),
    header("the scheme `bearer` in small letters with a forged token", lambda siege: f"bearer {unsigned(siege, 'none')}"),
    header("`Bearer` and nothing", lambda _siege: "Bearer"),
    header("two tokens in one header", lambda siege: f"Bearer {siege.bob.token}, Bearer {siege.ann.token}"),
    header("the token without its scheme", lambda siege: siege.bob.token),
    sending("two Authorization headers", lambda siege: siege.raw(two_headers(siege), method="POST"), code="invalid_token"),
]  # fmt: skip


def two_headers(siege: Siege) -> bytes:
    """One request, two callers."""
    body = json.dumps(
        {"email": siege.bob.email, "items": [{"productId": "prod_003", "quantity": 1}]}
    ).encode()
    callers = [("Authorization", f"Bearer {person.token}") for person in (siege.bob, siege.admin)]
    return request("POST", "/orders", headers=callers, body=body)


TOKENS = [*SIGNATURES, *HEADERS, *CLAIMS, *SHAPES, *PLACES]
