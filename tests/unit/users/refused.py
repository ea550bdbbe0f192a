"""Why a token is refused, in our words."""

import pytest

from tests.tokens import NOW
from users.errors import InvalidToken
from users.tokens import verify_access_token

MALFORMED = "The access token is not valid: malformed."
NOT_THREE = "The access token is not valid: not three parts of base64url."
NOT_RS256 = "The access token is not valid: not signed with RS256."
BAD_HEADER = "The access token is not valid: a header that is not allowed."
NO_KEY_ID = "The access token is not valid: no key id."
UNKNOWN_KEY = "The access token is not valid: signed with an unknown key."
BAD_SIGNATURE = "The access token is not valid: the signature does not match."
NOT_ACCESS = "The access token is not valid: not an access token (send `accessToken`, not `idToken` or `refreshToken`)."
OTHER_ISSUER = "The access token is not valid: from another issuer."
OTHER_CLIENT = "The access token is not valid: issued to another client."
NOT_YET = "The access token is not valid: not valid yet."
LIFETIME = "The access token is not valid: its lifetime is out of bounds."
EXPIRED = "The access token has expired; get a new one with POST /users/refresh."
EXP_NO_TIME = "The access token is not valid: exp is not a time."
IAT_NO_TIME = "The access token is not valid: iat is not a time."
NBF_NO_TIME = "The access token is not valid: nbf is not a time."
NO_SUB = "The access token is not valid: no sub."
NO_USERNAME = "The access token is not valid: no username."
BAD_GROUPS = "The access token is not valid: its groups are not a list."
TOO_LONG = "The access token is not valid: too long."


def refusal_of(token, keys):
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(token, keys=keys, now=NOW)
    assert refused.value.code == "invalid_token"
    return refused.value.message
