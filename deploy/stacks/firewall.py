"""AWS WAF before the load balancer: known attacks, too many requests of one address, and who may see ``/admin``."""

import json
from typing import Any

from aws_cdk import ArnFormat
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from deploy.stacks.base import ShopStack, retention
from deploy.stacks.runtime import EDGE_CLIENT
from deploy.waf import LABELS, MANAGED

PROBLEMS = {
    "rate": {
        "type": "/docs/errors#too_many_requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many requests from this address in five minutes.",
        "success": False,
        "code": "too_many_requests",
    },
    "admin": {
        "type": "/docs/errors#permission_denied",
        "title": "Not allowed",
        "status": 403,
        "detail": "These pages are not served to this address.",
        "success": False,
        "code": "permission_denied",
    },
    "managed": {
        "type": "/docs/errors#permission_denied",
        "title": "Not allowed",
        "status": 403,
        "detail": "This request looks like an attack. If it is none, tell the shop what it was to do.",
        "success": False,
        "code": "permission_denied",
    },
}
"""What the firewall answers: the shop's shape of a problem. WAF calls it application/json and takes no other name for JSON."""


class Firewall(Construct):
    """A web ACL, bound to a load balancer.

    Attributes:
        acl: the web ACL.
    """

    def __init__(self, stack: ShopStack, *, balancer_arn: str) -> None:
        super().__init__(stack, "Firewall")
        self._stack, self._stage = stack, stack.stage
        rules = [self._admin(), self._rate(), *self._managed(), self._refused()]
        self.acl = waf.CfnWebACL(
            self,
            "Acl",
            name=self._stage.prefix,
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=self._visible("all"),
            custom_response_bodies={
                name: waf.CfnWebACL.CustomResponseBodyProperty(
                    content_type="APPLICATION_JSON", content=json.dumps(problem)
                )
                for name, problem in PROBLEMS.items()
            },
            rules=[
                waf.CfnWebACL.RuleProperty(**rule, priority=priority) for priority, rule in enumerate(rules)
            ],
        )
        waf.CfnWebACLAssociation(self, "Binding", resource_arn=balancer_arn, web_acl_arn=self.acl.attr_arn)
        self._log()

    def _visible(self, name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
        return waf.CfnWebACL.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True,
            sampled_requests_enabled=True,
            metric_name=f"{self._stage.prefix}-{name}",
        )

    def _from_header(self, fallback: str) -> dict[str, Any]:
        """Without a domain every request comes from the HTTP API, which names the client in a header it overwrites."""
        return {} if self._stage.domain else {"header_name": EDGE_CLIENT, "fallback_behavior": fallback}

    def _admin(self) -> dict[str, Any]:
        """Refuse ``/admin`` to all but the configured networks."""
        is_admin = _is_admin()
        statement = is_admin
        if self._stage.firewall.admin_from:
            allowed = waf.CfnIPSet(
                self,
                "AdminFrom",
                name=self._stage.named("admin"),
                scope="REGIONAL",
                ip_address_version="IPV4",
                addresses=list(self._stage.firewall.admin_from),
            )
            header = self._from_header("NO_MATCH")
            known = waf.CfnWebACL.StatementProperty(
                ip_set_reference_statement={
                    "arn": allowed.attr_arn,
                    **({"ipSetForwardedIpConfig": {**_camel(header), "position": "FIRST"}} if header else {}),
                }
            )
            others = waf.CfnWebACL.StatementProperty(
                not_statement=waf.CfnWebACL.NotStatementProperty(statement=known)
            )
            statement = waf.CfnWebACL.StatementProperty(
                and_statement=waf.CfnWebACL.AndStatementProperty(statements=[is_admin, others])
            )
        return {
            "name": "admin",
            "action": _refuse("admin"),
            "statement": statement,
            "visibility_config": self._visible("admin"),
        }

    def _rate(self) -> dict[str, Any]:
        """Refuse an address that sends too much; one that hides its address counts as too much."""
        header = self._from_header("MATCH")
        return {
            "name": "rate",
            "action": _refuse("rate"),
            "statement": waf.CfnWebACL.StatementProperty(
                rate_based_statement={
                    "aggregateKeyType": "FORWARDED_IP" if header else "IP",
                    "evaluationWindowSec": 300,
                    "limit": self._stage.firewall.requests_per_5_minutes,
                    **({"forwardedIpConfig": _camel(header)} if header else {}),
                }
            ),
            "visibility_config": self._visible("rate"),
        }

    def _managed(self) -> list[dict[str, Any]]:
        """Let AWS's groups put their labels on requests; :meth:`_refused` reads them."""
        return [
            {
                "name": f"AWSManagedRules{name}",
                "override_action": waf.CfnWebACL.OverrideActionProperty(count={}),
                "statement": waf.CfnWebACL.StatementProperty(
                    managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                        vendor_name="AWS", name=f"AWSManagedRules{name}"
                    )
                ),
                "visibility_config": self._visible(name),
            }
            for name in self._stage.firewall.managed
        ]

    def _refused(self) -> dict[str, Any]:
        """Refuse what AWS's groups have labelled as deploy/waf.py lists it."""
        labels = [
            waf.CfnWebACL.StatementProperty(
                label_match_statement=waf.CfnWebACL.LabelMatchStatementProperty(
                    scope="NAMESPACE" if label.endswith(":") else "LABEL", key=f"{LABELS}{label}"
                )
            )
            for name in self._stage.firewall.managed
            for label in MANAGED[name]
        ]
        either = waf.CfnWebACL.OrStatementProperty(statements=labels)
        return {
            "name": "managed",
            "action": _refuse("managed")
            if self._stage.firewall.managed_refuse
            else waf.CfnWebACL.RuleActionProperty(count={}),
            "statement": labels[0]
            if len(labels) == 1
            else waf.CfnWebACL.StatementProperty(or_statement=either),
            "visibility_config": self._visible("managed"),
        }

    def _log(self) -> None:
        """Keep what was refused, without what identifies its sender to the shop. WAF demands the name's beginning."""
        group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"aws-waf-logs-{self._stage.prefix}",
            retention=retention(self._stage.watch.log_days),
            removal_policy=self._stack.removal,
        )
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[
                self._stack.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=group.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            redacted_fields=[{"singleHeader": {"Name": name}} for name in ("authorization", "cookie")],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [
                            {"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")
                        ],
                    }
                ],
            },
        )


def _camel(header: dict[str, Any]) -> dict[str, Any]:
    return {"headerName": header["header_name"], "fallbackBehavior": header["fallback_behavior"]}


def _is_admin() -> waf.CfnWebACL.StatementProperty:
    """Match ``/admin``, however it is written."""
    return waf.CfnWebACL.StatementProperty(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint="STARTS_WITH",
            search_string="/admin",
            text_transformations=[
                waf.CfnWebACL.TextTransformationProperty(priority=order, type=kind)
                for order, kind in enumerate(("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"))
            ],
        )
    )


def _refuse(name: str) -> waf.CfnWebACL.RuleActionProperty:
    status = PROBLEMS[name]["status"]
    answer = {"customResponse": {"responseCode": status, "customResponseBodyKey": name}}
    return waf.CfnWebACL.RuleActionProperty(block=answer)
