"""The VPC, who may talk to whom in it, the bucket of access logs, and the address of a stage without a domain.

Nothing here costs money while it is idle, but NAT gateways and interface endpoints where they are chosen. So what costs
nothing is there whatever is chosen: a choice can be taken back, and nothing that other stacks hold goes from under them.
"""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.options import Stage
from deploy.stacks.base import ShopStack, explain

FRONT_PORT = 8080
"""nginx's, in the web task."""
MYSQL_PORT = 3306


class NetworkStack(ShopStack):
    """VPC, endpoints, security groups, logs bucket, and the HTTP API's address.

    Attributes:
        vpc: the VPC.
        task_subnets: where tasks run.
        groups: security groups by who is in them; every rule between them is made here, by reference.
        logs: the bucket of access and flow logs.
        api: the HTTP API whose address the stage has while it has no domain. Its routes come with the service.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(
            scope, "network", stage=stage, description="VPC, security groups, log bucket, address"
        )
        self.vpc = self._vpc()
        self.task_subnets = ec2.SubnetSelection(
            subnet_group_name="tasks" if stage.network.private_tasks else "public"
        )
        self.groups = self._groups()
        self._endpoints()
        self.logs = self._bucket()
        if stage.network.flow_logs:
            self.vpc.add_flow_log(
                "FlowLog",
                destination=ec2.FlowLogDestination.to_s3(self.logs, "flow"),
                max_aggregation_interval=ec2.FlowLogMaxAggregationInterval.TEN_MINUTES,
            )
        else:
            explain(
                self.vpc,
                "AwsSolutions-VPC7",
                reason="No flow logs in development: Network.flow_logs turns them on.",
            )
        self.api = self._api()
        self.host = (
            stage.domain.name if stage.domain else cdk.Fn.select(2, cdk.Fn.split("/", self.api.api_endpoint))
        )
        self._export()
        self.output("Url", f"https://{self.host}", description="Where the shop is")
        self.output("VpcId", self.vpc.vpc_id, description="The VPC")
        self.output("RunTaskNetwork", self._run_task_network(), description="For ecs run-task: one-off tasks")
        self.output(
            "LogsBucket", self.logs.bucket_name, description="Access logs of the load balancer, flow logs"
        )

    def _vpc(self) -> ec2.Vpc:
        network = self.stage.network
        tasks = (
            ec2.SubnetType.PRIVATE_WITH_EGRESS if network.nat_gateways else ec2.SubnetType.PRIVATE_ISOLATED
        )
        # All three, used or not: the addresses of one kind follow those of the kind before it.
        subnets = [
            ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
            ec2.SubnetConfiguration(name="tasks", subnet_type=tasks, cidr_mask=22),
            ec2.SubnetConfiguration(
                name="database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26
            ),
        ]
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=self.stage.prefix,
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            availability_zones=list(network.availability_zones),
            nat_gateways=network.nat_gateways,
            subnet_configuration=subnets,
            restrict_default_security_group=False,  # it would take a function with rights on all groups; nothing is in it
        )
        explain(
            vpc,
            "CloudFormation-Validate::W3010",
            reason="Zones are chosen in deploy/config.py: a template must not depend on who makes it, or ask AWS.",
        )
        for name, service in (
            ("DynamoDb", ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            ("S3", ec2.GatewayVpcEndpointAwsService.S3),
        ):
            vpc.add_gateway_endpoint(name, service=service)
        return vpc

    def _group(self, name: str, what: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            f"{name}Group",
            vpc=self.vpc,
            security_group_name=f"{self.stage.prefix}-{name.lower()}",
            description=what,
            allow_all_outbound=False,
        )

    def _groups(self) -> dict[str, ec2.SecurityGroup]:
        balancer = self._group("Balancer", "The load balancer")
        web = self._group("Web", "Web tasks: called by the load balancer only")
        background = self._group("Background", "Workers, migrations and other tasks that nobody calls")
        database = self._group("Database", "MySQL: called by tasks of the shop only")
        groups = {"balancer": balancer, "web": web, "background": background, "database": database}
        groups["link"] = self._group("Link", "Way of the HTTP API into the VPC")
        groups["rotation"] = self._group("Rotation", "The function that changes the passwords of MySQL")
        self._open(balancer, web, port=FRONT_PORT, why="requests and health checks")
        for tasks in (web, background):
            self._open(tasks, database, port=MYSQL_PORT, why="orders")
            tasks.add_egress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS and the payment provider, by TLS"
            )
        if self.stage.domain:
            for port, why in ((443, "customers"), (80, "customers, who are sent on to HTTPS")):
                balancer.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), why)
            explain(
                balancer,
                "AwsSolutions-EC23",
                reason="The public load balancer is there for everybody; WAF is before it.",
            )
        self._open(groups["link"], balancer, port=80, why="requests that came by HTTPS")
        self._open(groups["rotation"], database, port=MYSQL_PORT, why="new passwords")
        groups["rotation"].add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Secrets Manager")
        return groups

    def _open(self, source: ec2.SecurityGroup, target: ec2.SecurityGroup, *, port: int, why: str) -> None:
        """Let one group call another, and name both by reference: no address range is trusted."""
        source.add_egress_rule(target, ec2.Port.tcp(port), why)
        target.add_ingress_rule(source, ec2.Port.tcp(port), why)

    def _endpoints(self) -> None:
        if not self.stage.network.interface_endpoints:
            return
        group = self._group("Endpoints", "AWS services inside the VPC")
        for caller in ("background", "rotation", "web"):
            group.add_ingress_rule(self.groups[caller], ec2.Port.tcp(443), "AWS, by TLS")
        for service in self.stage.network.interface_endpoints:
            self.vpc.add_interface_endpoint(
                service.replace(".", "-"),
                service=ec2.InterfaceVpcEndpointAwsService(service),
                subnets=self.task_subnets,
                security_groups=[group],
                open=False,
            )

    def _export(self) -> None:
        """Offer to the other stacks all that they may come to hold, whether they hold it now or not.

        CloudFormation refuses to take back an export that is in use, and this stack is updated before its users.
        """
        for name in ("public", "tasks", "database"):
            for subnet in self.vpc.select_subnets(subnet_group_name=name).subnets:
                self.export_value(subnet.subnet_id)
        for group in self.groups.values():
            self.export_value(group.security_group_id)
        for value in (self.vpc.vpc_id, self.api.api_id, self.api.api_endpoint):
            self.export_value(value)

    def _run_task_network(self) -> str:
        """Return what ``ecs run-task`` takes as ``--network-configuration``, whole."""
        configuration = {
            "subnets": self.vpc.select_subnets(
                subnet_group_name=self.task_subnets.subnet_group_name
            ).subnet_ids,
            "securityGroups": [self.groups["background"].security_group_id],
            "assignPublicIp": "DISABLED" if self.stage.network.private_tasks else "ENABLED",
        }
        return self.to_json_string({"awsvpcConfiguration": configuration})

    def _bucket(self) -> s3.Bucket:
        """Make the bucket of logs. Load balancers can write only where S3's own key encrypts."""
        bucket = s3.Bucket(
            self,
            "Logs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(self.stage.watch.log_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=self.removal,
        )
        explain(
            bucket,
            "AwsSolutions-S1",
            reason="This is the bucket of logs; it would log its own log deliveries.",
        )
        return bucket

    def _api(self) -> apigateway.HttpApi:
        """Make the HTTP API without routes: its address outlives the service, which may be paused."""
        return apigateway.HttpApi(
            self,
            "Api",
            api_name=self.stage.prefix,
            description="HTTPS for a stage without a domain of its own",
            create_default_stage=False,
        )
