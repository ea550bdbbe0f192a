"""The programs of others that a deployment needs: Node and the CDK's (locked, brought along), Docker, git.

Each check says in one line what is missing and how to get it.
"""

import hashlib
import platform
import shutil
from pathlib import Path

from deploy.commands.aws import child_environment
from deploy.commands.context import ROOT, Context
from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Ended, Programs, in_words
from deploy.node import NODE

LOCKED = ROOT / "deploy/cli"
"""package.json and package-lock.json of the CDK's program: the library's templates say which version they need."""
INSTALLED = ROOT / ".local/cdk"
ASSEMBLY = ROOT / ".local/assembly"
"""Templates of a deployment under way, made once, so that every step deploys the same."""
UNPROTECTED = "-unprotected"
"""End of the directory of those in which nothing is protected against deletion: for stacks that are not there yet."""


def node_directory() -> Path:
    """Return where the locked Node is installed."""
    return Path(NODE).parents[1]


def install_cdk(programs: Programs, *, node: str = NODE, into: Path = INSTALLED) -> Path:
    """Return the CDK's program, after installing it from the lock if it is not there yet.

    Raises:
        Refused: Node does not run here, or the packages cannot be had.
    """
    seen = programs.run([node, "--version"], directory=ROOT, quiet=True)
    if seen.code:
        raise Refused(
            f"Node does not run on this machine ({seen.output.strip() or node}). Cure: rm -r .local/deploy-venv, "
            "then again; Alpine and other musl systems have no ready-made Node: use Debian, macOS or a container"
        )
    lock = (LOCKED / "package-lock.json").read_bytes()
    wanted = f"{hashlib.sha256(lock).hexdigest()} {seen.output.strip()}"
    stamp, program = into / ".installed", into / "node_modules/aws-cdk/bin/cdk"
    if program.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return program
    into.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCKED / name, into / name)
    npm = node_directory() / "lib/node_modules/npm/bin/npm-cli.js"
    ended = programs.run(
        [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], directory=into, quiet=True
    )
    if ended.code or not program.exists():
        last = (ended.output.strip().splitlines() or ["no reason given"])[-1]
        raise Refused(
            f"the CDK's program could not be installed ({last}). Cure: check the internet connection"
        )
    stamp.write_text(wanted, encoding="utf-8")
    return program


def check_docker(programs: Programs, *, build: bool = True) -> None:
    """Make sure that an image for ARM can be built here, or at least copied.

    Raises:
        Refused: it cannot.
    """
    if not shutil.which("docker"):
        raise Refused("Docker is not installed. Cure: install Docker Desktop, or Docker Engine with buildx")
    if programs.run(["docker", "version"], directory=ROOT, quiet=True).code:
        raise Refused("Docker does not answer. Cure: start Docker Desktop, or: sudo systemctl start docker")
    seen = programs.run(["docker", "buildx", "inspect"], directory=ROOT, quiet=True)
    if seen.code:
        raise Refused("Docker has no buildx. Cure: install docker-buildx-plugin")
    if build and "linux/arm64" not in seen.output and platform.machine() not in {"arm64", "aarch64"}:
        raise Refused(
            "Docker cannot build for ARM here. Cure: docker run --privileged --rm tonistiigi/binfmt --install arm64"
        )


class Cdk:
    """The CDK's program, for one stage and one version of the images."""

    def __init__(
        self, context: Context, *, program: Path, image_tag: str, node: str = NODE, assembly: Path = ASSEMBLY
    ) -> None:
        self._context, self._program, self._node = context, program, node
        self._image_tag, self._assembly = image_tag, assembly

    def bootstrap(self) -> None:
        """Prepare account and region for the CDK.

        Raises:
            Failed: it did not work.
        """
        environment = f"aws://{self._context.aws.account}/{self._context.stage.region}"
        # From a directory without a cdk.json: there is nothing to synthesise for this.
        self._run("bootstrap", environment, directory=self._program.parents[3])

    def synthesise(self, *, protect: bool = True) -> None:
        """Make the templates of this deployment.

        Args:
            protect: as configured; False: with no protection against deletion.

        Raises:
            Refused: deploy/config.py cannot work; the CDK has said why.
        """
        into = self._templates(protect=protect)
        shutil.rmtree(into, ignore_errors=True)
        into.parent.mkdir(parents=True, exist_ok=True)
        context = [f"stage={self._context.stage.name}", f"image_tag={self._image_tag}"]
        context += [] if protect else ["protect=no"]
        chosen = [word for each in context for word in ("--context", each)]
        ended = self._start("synth", "--quiet", "--output", into, *chosen, quiet=True)
        if ended.code:
            self._context.console.say(ended.output)
            raise Refused("the templates could not be made (see above); nothing was changed. Try: make synth")

    def diff(self, *stacks: str) -> None:
        """Show what would change; that it cannot be told stops nothing."""
        if self._start("diff", *stacks, app=self._assembly).code:
            self._context.console.say("    (the CDK could not tell the differences)")

    def deploy(self, stack: str, *, protect: bool = True) -> None:
        """Deploy one stack and no other, and wait for it.

        Args:
            stack: its name.
            protect: False: with no protection against deletion, so that a creation that fails can be taken back.

        Raises:
            Failed: CloudFormation refused, and has put back what it had changed.
        """
        words = ("--exclusively", "--require-approval", "never", "--progress", "events", stack)
        self._run("deploy", *words, app=self._templates(protect=protect))

    def _templates(self, *, protect: bool) -> Path:
        return self._assembly if protect else self._assembly.with_name(self._assembly.name + UNPROTECTED)

    def _run(
        self, command: str, *arguments: str | Path, directory: Path | None = None, app: Path | None = None
    ) -> None:
        if self._start(command, *arguments, directory=directory, app=app).code:
            raise Failed(f"cdk {command} {arguments[-1]} did not succeed (see above)")

    def _start(
        self,
        command: str,
        *arguments: str | Path,
        directory: Path | None = None,
        app: Path | None = None,
        quiet: bool = False,
    ) -> Ended:
        made = ("--app", app) if app else ()
        line = [self._node, self._program, command, *made, "--no-notices", *arguments]
        self._context.console.say(f"    $ {in_words(['cdk', *line[2:]])}")
        return self._context.programs.run(
            line,
            directory=directory or ROOT / "deploy",
            environment=child_environment(self._context.stage) | {"CDK_DISABLE_CLI_TELEMETRY": "true"},
            quiet=quiet,
        )
