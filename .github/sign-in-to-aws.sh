#!/bin/sh
# Give the rest of a job an AWS identity for an hour, without a stored key and without anybody else's code: GitHub vouches
# for the job (repository, environment), AWS lends it the environment's role.
#   AWS_ROLE=arn:aws:iam::…:role/shop-dev-github sh .github/sign-in-to-aws.sh
set -eu
: "${AWS_ROLE:?the environment has no variable AWS_ROLE (docs/deploy.md)}"
: "${AWS_REGION:?the environment has no variable AWS_REGION (docs/deploy.md)}"
token=$(curl --fail --silent --show-error --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | python3 -c 'import json, sys; print(json.load(sys.stdin)["value"])')
echo "::add-mask::$token"
lent=$(aws sts assume-role-with-web-identity --role-arn "$AWS_ROLE" --role-session-name "github-$GITHUB_RUN_ID" \
    --web-identity-token "$token" --duration-seconds 3600 --output text \
    --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]')
# shellcheck disable=SC2086 (three words)
set -- $lent
for value in "$@"; do echo "::add-mask::$value"; done
{
    echo "AWS_ACCESS_KEY_ID=$1"
    echo "AWS_SECRET_ACCESS_KEY=$2"
    echo "AWS_SESSION_TOKEN=$3"
} >>"$GITHUB_ENV"
