"""What stands around the tasks: ministack for AWS, MySQL for RDS, an nginx that ends TLS for the load balancer.

MySQL answers under the very name that the template's database has, takes nothing without TLS, and is signed by an
authority of the run's own, so that DATABASE_SSL_CA and VERIFY_IDENTITY are put to the test.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.deployed.certificates import Authority
from tests.deployed.tasks import Service, escaped

HOST = "shop.example.com"
"""The domain of the checked production stage (deploy.config.filled_in)."""
MASTER_RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
    "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
    "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
)
"""What RDS for MySQL gives the master user, and no more (Amazon RDS user guide, "Master user account privileges")."""

# As an Application Load Balancer: it adds the client's address and says by which scheme it came; one try.
BALANCER = """
events {}
http {
    access_log off;
    server {
        listen 443 ssl;
        server_name _;
        ssl_certificate /certificates/balancer.pem;
        ssl_certificate_key /certificates/balancer.key;
        location / {
            proxy_pass http://TARGET;
            proxy_http_version 1.1;
            proxy_next_upstream off;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }
    }
}
"""


def ministack() -> Service:
    """Return the AWS emulator, with all services."""
    return {
        "image": "ministackorg/ministack",
        "environment": {
            "AUTH": "true",
            "MINISTACK_HOST": "ministack",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        "ports": ["127.0.0.1::4566"],
        "healthcheck": _check(
            "python",
            "-c",
            "import urllib.request as r; r.build_opener(r.ProxyHandler({}))"
            ".open('http://127.0.0.1:4566/_ministack/health', timeout=3)",
        ),
    }


def mysql(
    directory: Path, *, url: str, parameters: dict[str, str], master: tuple[str, str], authority: Authority
) -> Service:
    """Return MySQL as RDS has it.

    Args:
        directory: for its files.
        url: the tasks' ``DATABASE_URL``.
        parameters: of the template's parameter group.
        master: name and password of who migrates.
        authority: signs its certificate.
    """
    address = urlsplit(url)
    authority.sign("mysql", str(address.hostname))
    # A server here has no tables of named zones when it begins.
    options = {**parameters, "default_time_zone": "+00:00"}
    assert options.pop("time_zone") == "UTC"
    user, password = master
    quoted = password.replace("\\", "\\\\").replace("'", "''")
    (directory / "master.sql").write_text(
        f"CREATE USER '{user}'@'%' IDENTIFIED BY '{quoted}';\n"
        f"GRANT {MASTER_RIGHTS} ON *.* TO '{user}'@'%' WITH GRANT OPTION;\n"
    )
    files = [f"--ssl-{kind}=/certificates/{file}" for kind, file in _files("mysql").items()]
    return {
        "image": "mysql:8.4",
        "command": [*(f"--{name}={value}" for name, value in options.items()), *files, "--mysqlx=OFF"],
        "environment": {
            "MYSQL_DATABASE": address.path.removeprefix("/"),
            "MYSQL_RANDOM_ROOT_PASSWORD": "yes",
            "MYSQL_PWD": escaped(password),
        },
        "volumes": [
            f"{authority.directory}:/certificates:ro",
            f"{directory}/master.sql:/docker-entrypoint-initdb.d/master.sql:ro",
        ],
        "networks": {"default": {"aliases": [str(address.hostname), "not-in-the-certificate"]}},
        "healthcheck": _check("mysql", "-h127.0.0.1", f"-u{user}", "-e", "SELECT 1"),
    }


def _files(name: str) -> dict[str, str]:
    return {"ca": "ca.pem", "cert": f"{name}.pem", "key": f"{name}.key"}


def balancer(directory: Path, *, authority: Authority) -> Service:
    """Return the load balancer; :func:`point` says to which task it sends."""
    authority.sign("balancer", HOST, "127.0.0.1")
    return {
        "image": "nginx:stable",
        "volumes": [f"{directory}/balancer:/etc/balancer:ro", f"{authority.directory}:/certificates:ro"],
        "command": ["nginx", "-c", "/etc/balancer/nginx.conf", "-g", "daemon off;"],
        "ports": ["127.0.0.1::443"],
        "networks": {"default": {"aliases": [HOST]}},
    }


def point(directory: Path, target: str) -> None:
    """Write the balancer's configuration: from its next (re)load on, requests go to ``target`` (``task:port``)."""
    folder = directory / "balancer"
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(BALANCER.replace("TARGET", target))


def _check(*command: str) -> dict[str, Any]:
    return {
        "test": ["CMD", *command],
        "interval": "2s",
        "timeout": "5s",
        "start_period": "120s",
        "retries": 5,
    }
