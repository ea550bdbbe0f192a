"""The way in: an Application Load Balancer with HTTPS, or, without a domain, an HTTP API before an internal one."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct

from deploy.options import Domain
from deploy.stacks.base import ShopStack, explain, may_go
from deploy.stacks.network import FRONT_PORT, NetworkStack
from deploy.stacks.runtime import EDGE_CLIENT

IDLE_SECONDS = 60
"""A connection without traffic is closed by the balancer: shop/gunicorn.conf.py and nginx keep theirs 75 s."""
DRAIN_SECONDS = 30
"""A task that leaves gets no new requests for so long before SIGTERM; gunicorn then takes 25 s at most."""


class Balancer(Construct):
    """Load balancer, listener, target group, and the HTTP API's routes where there is no domain.

    Attributes:
        balancer: the load balancer.
        targets: the web tasks.
    """

    def __init__(self, stack: ShopStack, *, network: NetworkStack) -> None:
        super().__init__(stack, "Balancer")
        self._stack, self._network = stack, network
        domain = stack.stage.domain
        # A public balancer and an internal one are two, which stand beside each other for a while when a domain comes or
        # goes: each has a name and, because no target group has two balancers, targets of its own.
        kind = "Public" if domain else "Internal"
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            f"{kind}Alb",
            load_balancer_name=stack.stage.named(kind.lower()),
            vpc=network.vpc,
            internet_facing=domain is not None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_group=ec2.SecurityGroup.from_security_group_id(
                self, "Group", network.groups["balancer"].security_group_id, mutable=False
            ),
            idle_timeout=Duration.seconds(IDLE_SECONDS),
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
            xff_header_processing_mode=elb.XffHeaderProcessingMode.APPEND,
            http2_enabled=True,
            deletion_protection=stack.stage.keep_data and stack.stage.protect,
        )
        self.balancer.log_access_logs(network.logs, "balancer")
        self.targets = self._target_group(f"{kind}Web")
        may_go(self.balancer, self.targets)
        if domain:
            self._https(domain)
        else:
            self._behind_api()

    def _target_group(self, name: str) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            name,
            vpc=self._network.vpc,
            port=FRONT_PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            deregistration_delay=Duration.seconds(DRAIN_SECONDS),
            health_check=elb.HealthCheck(
                path="/health/live",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
                healthy_http_codes="200",
            ),
        )

    def _https(self, domain: Domain) -> None:
        zone = None
        if domain.hosted_zone_id:
            zone = route53.HostedZone.from_hosted_zone_attributes(
                self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.hosted_zone_name
            )
            certificate: acm.ICertificate = acm.Certificate(
                self,
                "Certificate",
                domain_name=domain.name,
                validation=acm.CertificateValidation.from_dns(zone),
            )
        else:
            certificate = acm.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
        # open=False: the security group's rules are the network stack's.
        self.balancer.add_listener(
            "Https",
            port=443,
            open=False,
            certificates=[certificate],
            ssl_policy=elb.SslPolicy.TLS13_RES,
            default_target_groups=[self.targets],
        )
        self.balancer.add_redirect(open=False)
        if zone:
            target = route53.RecordTarget.from_alias(route53_targets.LoadBalancerTarget(self.balancer))
            route53.ARecord(self, "Address", zone=zone, record_name=domain.name, target=target)

    def _behind_api(self) -> None:
        """Route the HTTP API to the internal load balancer. TLS ends at the API; the rest is inside the VPC."""
        listener = self.balancer.add_listener(
            "Http",
            port=80,
            protocol=elb.ApplicationProtocol.HTTP,
            open=False,
            default_target_groups=[self.targets],
        )
        route = apigateway.CfnRoute(
            self,
            "Route",
            api_id=self._network.api.api_id,
            route_key="$default",
            authorization_type="NONE",
            target=f"integrations/{self._integration(listener).ref}",
        )
        explain(
            route,
            "AwsSolutions-APIG4",
            reason="The shop itself decides per route who may call: much of it is public.",
        )
        self._api_stage().add_resource_dependency(route)

    def _link(self) -> apigateway.VpcLink:
        return apigateway.VpcLink(
            self,
            "Link",
            vpc=self._network.vpc,
            vpc_link_name=self._stack.stage.prefix,
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[
                ec2.SecurityGroup.from_security_group_id(
                    self, "LinkGroup", self._network.groups["link"].security_group_id, mutable=False
                )
            ],
        )

    def _integration(self, listener: elb.ApplicationListener) -> apigateway.CfnIntegration:
        return apigateway.CfnIntegration(
            self,
            "Integration",
            api_id=self._network.api.api_id,
            integration_type="HTTP_PROXY",
            integration_method="ANY",
            integration_uri=listener.listener_arn,
            connection_type="VPC_LINK",
            connection_id=self._link().vpc_link_id,
            payload_format_version="1.0",
            timeout_in_millis=29_000,
            # Whatever a caller says in these is overwritten, so the shop may believe them.
            request_parameters={
                "overwrite:header.Host": "$context.domainName",
                f"overwrite:header.{EDGE_CLIENT}": "$context.identity.sourceIp",
            },
        )

    def _api_stage(self) -> apigateway.CfnStage:
        stack = self._stack
        log = stack.log_group("api")
        return apigateway.CfnStage(
            self,
            "Stage",
            api_id=self._network.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_burst_limit=200, throttling_rate_limit=100
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn,
                format=stack.to_json_string(
                    {
                        "requestId": "$context.requestId",
                        "method": "$context.httpMethod",
                        "path": "$context.path",
                        "status": "$context.status",
                        "ms": "$context.responseLatency",
                        "error": "$context.integrationErrorMessage",
                    }
                ),
            ),
        )
