"""The short way of DynamoDB's reads signs as botocore signs."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shop.dynamo_reads import signed_headers

HOST = "dynamodb.us-east-1.amazonaws.com"
TARGET = "DynamoDB_20120810.GetItem"
BODY = b'{"TableName":"Products"}'


@pytest.mark.parametrize("token", [None, "a/session+token=="])
def test_a_request_is_signed_as_botocore_signs_it(token):
    credentials = Credentials("AKIDEXAMPLE", "a-secret", token)

    ours = signed_headers(
        BODY, target=TARGET, host=HOST, region="us-east-1", credentials=credentials.get_frozen_credentials()
    )

    assert ours.get("x-amz-security-token") == token
    assert ours["authorization"].endswith(f"Signature={signature_of(credentials, moment=ours['x-amz-date'])}")


def signature_of(credentials, *, moment):
    """What botocore makes of the same request at the same moment."""
    headers = {"X-Amz-Target": TARGET, "X-Amz-Date": moment}
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    request = AWSRequest("POST", f"https://{HOST}/", headers=headers, data=BODY)
    request.context["timestamp"] = moment
    signer = SigV4Auth(credentials, "dynamodb", "us-east-1")
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def test_a_signature_is_good_for_one_region():
    first, second = (
        signed_headers(
            BODY,
            target=TARGET,
            host=HOST,
            region=region,
            credentials=Credentials("AKIDEXAMPLE", "a-secret").get_frozen_credentials(),
        )
        for region in ("us-east-1", "eu-west-1")
    )

    assert first["authorization"] != second["authorization"]
    assert "/eu-west-1/dynamodb/aws4_request" in second["authorization"]
