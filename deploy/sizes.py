"""Sizes that AWS has, and how many connections go with them. Standard library only."""

WITHOUT_A_WAY_OUT = ("cognito-idp", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs")
"""What private tasks call beside DynamoDB and S3: an interface endpoint for each would replace the NAT gateway."""

MEMORY_GB = {
    "t4g.micro": 1,
    "t4g.small": 2,
    "t4g.medium": 4,
    "t4g.large": 8,
    "m7g.large": 8,
    "m7g.xlarge": 16,
}
"""Instance classes of the database that are known here, for the budget of connections."""

KEPT_CONNECTIONS = 5
"""Of MySQL's: RDS's own, the function that rotates passwords, and an operator who looks at what is wrong."""

FARGATE_MEMORY = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384)}
"""Units of CPU (1024 = one processor): least and most MiB of memory that Fargate allows with them."""

BACKGROUND_THREADS = 8 + 4 + 4
"""Of a background task: orders that the queue names, orders left open, and its other loops."""


def mysql_connections(*, gib: int) -> int:
    """Return as many connections as RDS MySQL takes at least, by its own default.

    The default is ``{DBInstanceClassMemory/12582880}`` (Amazon RDS, "Maximum number of database connections"), and that
    memory is what the system and RDS's own programs leave over, which AWS does not publish. So 300 MiB and 3 % are taken
    off here, which stays below what has been measured: 66 for 1 GiB, 150 for 2, 312 for 4, 648 for 8, 1320 for 16
    (tritoneco.com, "max_connections at AWS RDS MySQL instance sizes").
    """
    left = gib * 1024**3 * 97 // 100 - 300 * 1024**2
    return left // 12_582_880
