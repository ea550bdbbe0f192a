"""What AWS charges for the things this deployment is made of: the list that deploy/prices.py reckons with.

None of these prices was read from AWS's own price list where this was written: there was no way to it. So none is called
verified, but the allowances that a stored copy of AWS's page shows. Standard library only.
"""

from dataclasses import dataclass

REGION = "us-east-1"
DATE = "2026-11"
"""Of this list. Prices that were seen on others' pages are as of 2026-03 to 2026-06."""

MEMORY = "from memory"
SEEN_FARGATE = "vantage.sh/blog/fargate-pricing"
SEEN_RDS = "infratally.com/articles/aws-rds-pricing-explained-2026"
SEEN_STORAGE = "usage.ai, RDS pricing calculator (2026-06)"
SEEN_DYNAMODB = "airbyte.com/data-engineering-resources/dynamodb-pricing"
SEEN_WAF = "c3x.dev/blog/aws-waf-cost-explained"
SEEN_VPC = "factualminds.com, Amazon VPC pricing (2026-06)"
SEEN_NAT = "rajesh.medampudi.com/blog/aws-nat-gateway-hidden-tax"
SEEN_LOGS = "factualminds.com, CloudWatch pricing (2026-06)"
SEEN_METRICS = "signoz.io/guides/cloudwatch-pricing (2026-02)"
SEEN_INSIGHTS = "fortem.dev/blog/ecs-fargate-monitoring"
AWS_CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing (a stored copy)"


@dataclass(frozen=True, kw_only=True)
class Price:
    """One price.

    Attributes:
        usd: per ``unit``, without taxes.
        unit: what is counted.
        service: AWS's code of the service, for ``aws pricing get-products --service-code``.
        source: where it was seen; ``from memory`` for nowhere.
        verified: read from AWS itself.
        free: so many units a month cost nothing, in each account, for ever.
    """

    usd: float
    unit: str
    service: str
    source: str = MEMORY
    verified: bool = False
    free: float = 0

    def of(self, units: float) -> float:
        """Return what so many units cost in a month."""
        return max(0.0, units - self.free) * self.usd


SPOT_SHARE = 0.3
"""Of the price on demand: what a task costs on spare capacity. It changes from day to day; AWS says up to 70 % less."""

PRICES = {
    "fargate_vcpu": Price(usd=0.03238, unit="vCPU-hour, ARM", service="AmazonECS", source=SEEN_FARGATE),
    "fargate_gb": Price(usd=0.00356, unit="GB-hour, ARM", service="AmazonECS", source=SEEN_FARGATE),
    "alb_hour": Price(usd=0.0225, unit="hour", service="AWSELB"),
    "alb_lcu": Price(usd=0.008, unit="LCU-hour", service="AWSELB"),
    "api_million": Price(usd=1.00, unit="million requests, HTTP API", service="AmazonApiGateway"),
    "rds_t4g.micro": Price(usd=0.016, unit="hour", service="AmazonRDS", source=SEEN_RDS),
    "rds_t4g.small": Price(usd=0.032, unit="hour", service="AmazonRDS", source=SEEN_RDS),
    "rds_t4g.medium": Price(usd=0.065, unit="hour", service="AmazonRDS", source=SEEN_RDS),
    "rds_t4g.large": Price(usd=0.129, unit="hour", service="AmazonRDS"),
    "rds_m7g.large": Price(usd=0.168, unit="hour", service="AmazonRDS"),
    "rds_m7g.xlarge": Price(usd=0.337, unit="hour", service="AmazonRDS"),
    "rds_storage": Price(usd=0.115, unit="GB-month, gp3", service="AmazonRDS", source=SEEN_STORAGE),
    "aurora_acu": Price(usd=0.12, unit="ACU-hour, Serverless v2", service="AmazonRDS"),
    "aurora_storage": Price(usd=0.10, unit="GB-month", service="AmazonRDS"),
    "aurora_io": Price(usd=0.20, unit="million I/Os", service="AmazonRDS"),
    "dynamodb_write": Price(
        usd=0.625, unit="million write units", service="AmazonDynamoDB", source=SEEN_DYNAMODB
    ),
    "dynamodb_read": Price(
        usd=0.125, unit="million read units", service="AmazonDynamoDB", source=SEEN_DYNAMODB
    ),
    "dynamodb_storage": Price(usd=0.25, unit="GB-month", service="AmazonDynamoDB", free=25),
    "dynamodb_pitr": Price(usd=0.20, unit="GB-month, continuous backup", service="AmazonDynamoDB"),
    "cognito_lite": Price(usd=0.0055, unit="monthly active user, Lite", service="AmazonCognito", free=10_000),
    "cognito_essentials": Price(
        usd=0.015, unit="monthly active user, Essentials", service="AmazonCognito", free=10_000
    ),
    "nat_hour": Price(usd=0.045, unit="hour", service="AmazonEC2", source=SEEN_NAT),
    "nat_gb": Price(usd=0.045, unit="GB through it", service="AmazonEC2", source=SEEN_NAT),
    "endpoint_hour": Price(usd=0.01, unit="hour and zone", service="AmazonVPC", source=SEEN_VPC),
    "endpoint_gb": Price(usd=0.01, unit="GB through it", service="AmazonVPC"),
    "ipv4": Price(usd=0.005, unit="hour, public address", service="AmazonVPC", source=SEEN_VPC),
    "waf_acl": Price(usd=5.00, unit="web ACL", service="awswaf", source=SEEN_WAF),
    "waf_rule": Price(usd=1.00, unit="rule or group of AWS's own rules", service="awswaf", source=SEEN_WAF),
    "waf_million": Price(usd=0.60, unit="million requests", service="awswaf", source=SEEN_WAF),
    "logs_gb": Price(usd=0.50, unit="GB written", service="AmazonCloudWatch", source=SEEN_LOGS, free=5),
    "logs_stored": Price(usd=0.03, unit="GB-month, compressed", service="AmazonCloudWatch"),
    "metric": Price(usd=0.30, unit="series", service="AmazonCloudWatch", source=SEEN_METRICS, free=10),
    "insights_metric": Price(
        usd=0.07, unit="series of Container Insights", service="AmazonCloudWatch", source=SEEN_INSIGHTS
    ),
    "alarm": Price(usd=0.10, unit="metric watched", service="AmazonCloudWatch", free=10),
    "dashboard": Price(
        usd=3.00, unit="dashboard of more than 50 metrics", service="AmazonCloudWatch", source=SEEN_LOGS
    ),
    "secret": Price(usd=0.40, unit="secret", service="AWSSecretsManager"),
    "key": Price(usd=1.00, unit="key", service="awskms"),
    "sqs_million": Price(usd=0.40, unit="million requests", service="AWSQueueService", free=1),
    "ecr_gb": Price(usd=0.10, unit="GB-month", service="AmazonECR"),
    "s3_gb": Price(usd=0.023, unit="GB-month", service="AmazonS3"),
    "flow_logs_gb": Price(usd=0.25, unit="GB of flow logs delivered to S3", service="AmazonCloudWatch"),
    "out_gb": Price(usd=0.09, unit="GB to the internet", service="AWSDataTransfer", free=100),
    "zones_gb": Price(
        usd=0.01, unit="GB between zones, each direction", service="AWSDataTransfer", source=SEEN_VPC
    ),
    "lambda_gb_s": Price(usd=0.0000133334, unit="GB-second, ARM", service="AWSLambda", free=400_000),
    "zone": Price(usd=0.50, unit="hosted zone", service="AmazonRoute53"),
    "ec2_t4g.small": Price(usd=0.0168, unit="hour, 2 vCPU, 2 GB", service="AmazonEC2"),
    "ec2_t4g.medium": Price(usd=0.0336, unit="hour, 2 vCPU, 4 GB", service="AmazonEC2"),
    "ec2_m7g.large": Price(usd=0.0816, unit="hour, 2 vCPU, 8 GB", service="AmazonEC2"),
    "ebs_gb": Price(usd=0.08, unit="GB-month, gp3", service="AmazonEC2"),
}
"""By name. A month has 730 hours."""

FREE_SEEN = dict.fromkeys(("logs_gb", "metric", "alarm", "dashboard"), AWS_CLOUDWATCH)
"""Allowances that were read from AWS's own page; the other ones are from memory."""
