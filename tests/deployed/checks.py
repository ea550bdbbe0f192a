"""What must be true of the running stage; each check prints what it found."""

import http.client
import ssl
import time
from pathlib import Path
from subprocess import CompletedProcess

from tests.deployed import surroundings
from tests.deployed.rolling import Load
from tests.deployed.surroundings import HOST
from tests.deployed.trial import ALIVE, FRONT_PORT, Trial

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
DRAIN_SECONDS = 2.0
"""From a task's last new request to its SIGTERM; the balancer of the template waits longer."""


def look_inside(trial: Trial) -> None:
    """Ask the kernel: who they are, what they may do, where they may write."""
    for service in ALIVE:
        seen = trial.project.compose("exec", "-T", service, "cat", "/proc/1/status").stdout
        status = dict(line.split(":\t", 1) for line in seen.splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == {"10001"}, status["Uid"]
        assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}, status
        for place in ("/probe", "/app/probe", "/etc/probe", "/var/probe"):
            assert trial.project.compose("exec", "-T", service, "touch", place, check=False).returncode, place
        trial.project.compose("exec", "-T", service, "touch", "/tmp/probe")
    trial.say("uid 10001, no capability, nothing writable but /tmp: all three")


ASK = """
from django.db import DatabaseError, connection
with connection.cursor() as cursor:
    for sql in ("SHOW STATUS LIKE 'Ssl_version'", "SELECT CURRENT_USER()", "CREATE TABLE t (a INT)"):
        try:
            cursor.execute(sql)
        except DatabaseError as error:
            print(error)
        else:
            print(cursor.fetchall())
"""


def verified_tls(trial: Trial) -> None:
    """Connections to MySQL are encrypted and its certificate and name are checked; the shop's user owns no tables."""
    print("== MySQL", flush=True)
    ask = ("manage.py", "shell", "-v", "0", "-c", ASK)
    answers = trial.tools(*ask)
    version, who, table = answers.stdout.splitlines() or [answers.stderr] * 3
    assert "TLSv1.3" in version, answers
    assert "shop@%" in who, answers
    assert "CREATE command denied" in table, answers
    trial.say("the running shop is shop@%, by TLSv1.3, certificate and name verified; CREATE TABLE: denied")
    amazons = trial.tools(*ask, ca=str(ROOT / "shop/certificates/rds-ca-bundle.pem"))
    trial.say(f"with Amazon's authorities, who did not sign this server: {_refusal(amazons)}")
    name = trial.tools(*ask, environment=_other_name(trial))
    trial.say(f"by a name that is not in the certificate: {_refusal(name)}")


def _refusal(done: "CompletedProcess[str]") -> str:
    """Return why the client would not talk to the server: error 2026 is TLS's."""
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode, done
    assert "(2026, " in last, done
    return last.partition("(2026, ")[2].strip("')")


def _other_name(trial: Trial) -> str:
    (container,) = trial.stage.task("tools")["ContainerDefinitions"]
    url = trial.stage.environment(container)["DATABASE_URL"]
    return "DATABASE_URL=" + url.replace(trial.stage.outputs["DatabaseHost"], "not-in-the-certificate")


def _wait_until_ready(trial: Trial) -> None:
    """Ask until every system behind the shop has answered: on a busy machine a first time-out is no finding."""
    context = ssl.create_default_context(cafile=trial.authority.directory / "ca.pem")
    port, deadline = trial.project.port("balancer", 443), time.monotonic() + READY_SECONDS
    while True:
        wire = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
        wire.request("GET", "/health/ready", headers={"Host": HOST})
        answer = wire.getresponse()
        body = answer.read()
        wire.close()
        if answer.status == 200:
            return
        assert time.monotonic() < deadline, body
        time.sleep(1)


def smoke(trial: Trial) -> None:
    """Walk through the contract, reading only, as the canary does: by HTTPS, through balancer and front."""
    print("== through balancer and front", flush=True)
    _wait_until_ready(trial)
    trial.project.file.services["canary"] = {
        "image": "shop:local",
        "profiles": ["canary"],
        "healthcheck": {"disable": True},
        "environment": {"SSL_CERT_FILE": "/ca.pem", "NO_PROXY": "*", "no_proxy": "*"},
        "volumes": [
            f"{ROOT}/tests/smoke.py:/smoke.py:ro",
            f"{trial.authority.directory}/ca.pem:/ca.pem:ro",
        ],
        "command": ["/smoke.py", f"https://{HOST}", "--read-only"],
    }
    smoke = trial.project.compose("run", "--rm", "--no-deps", "canary", check=False)
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    trial.say(f"smoke --read-only https://{HOST}: {smoke.stdout.strip().splitlines()[-1]}")
    plain = (
        "import http.client as h; c = h.HTTPConnection('web-1', 8080); "
        f"c.request('GET', '/products', headers={{'Host': '{HOST}'}}); r = c.getresponse(); "
        "print(r.status, r.headers['Location'])"
    )
    answer = trial.project.compose("run", "--rm", "--no-deps", "canary", "-c", plain)
    assert answer.stdout.split() == ["301", f"https://{HOST}/products"], answer
    trial.say("a request that did not come by HTTPS: 301 to https")


def roll(trial: Trial) -> None:
    """Let a new web task take over under load, as a rolling deployment does."""
    print("== rolling restart under load", flush=True)
    project = trial.project
    load = Load(project.port("balancer", 443), trial.authority.directory / "ca.pem")
    with load.running():
        time.sleep(3)
        trial.add("web-2", "web")
        project.compose("up", "--detach", "--wait", "web-2-web", "web-2-front")
        surroundings.point(project.directory, f"web-2:{FRONT_PORT}")
        project.compose("exec", "-T", "balancer", "nginx", "-c", "/etc/balancer/nginx.conf", "-s", "reload")
        time.sleep(DRAIN_SECONDS)
        began = time.monotonic()
        project.compose("stop", "web-1-front", "web-1-web", "web-1")
        stopped = time.monotonic() - began
        time.sleep(3)
    codes = [project.state(f"web-1-{name}")["ExitCode"] for name in ("front", "web")]
    assert codes == [0, 0], codes
    assert load.failures == [], load.failures[:5]
    assert set(load.statuses) == {200}, load.statuses
    trial.say(
        f"{load.requests:,} requests, {len(load.failures)} failed, slowest {load.slowest:.2f} s; "
        f"the old task ended with {codes} in {stopped:.0f} s"
    )


def stop(trial: Trial) -> None:
    """End the rest as ECS does."""
    rest = ("background-1-background", "web-2-front", "web-2-web")
    began = time.monotonic()
    trial.project.compose("stop", *rest)
    codes = [trial.project.state(name)["ExitCode"] for name in rest]
    assert codes == [0, 0, 0], codes
    trial.say(f"SIGTERM: background, front and web ended with {codes} in {time.monotonic() - began:.0f} s")
