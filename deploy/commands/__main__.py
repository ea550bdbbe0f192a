"""``python -m deploy.commands NAME``: what the Makefile calls.

Words come as variables of the environment, as make hands them on: STAGE, YES, TAG, EMAIL, FILE and so on. GIVEN names
those that stand on make's command line.
Exit codes: 0 well; 1 something was done and went wrong; 2 nothing was done, with one clear line.
"""

import os
import sys
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from deploy.commands import app_programs, config_values, cost, destroy, info, logs, pause
from deploy.commands import deploy as deployment
from deploy.commands.aws import Aws, in_words
from deploy.commands.console import Console
from deploy.commands.context import Context
from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Programs
from deploy.config import STAGES, stage_named
from deploy.options import ConfigError

COMMANDS: dict[str, Callable[[Context], None]] = {
    "deploy": deployment.run,
    "info": info.run,
    "update-config": config_values.run,
    "admin": app_programs.make_admin,
    "import-products": app_programs.import_products,
    "logs": logs.run,
    "cost": cost.run,
    "pause": pause.pause,
    "resume": pause.resume,
    "destroy": destroy.run,
}
WORDS = ("TAG", "EMAIL", "FILE", "DRY_RUN", "REQUEST", "ORDER", "SINCE", "FOLLOW", "ACTUAL")
"""Taken only from make's command line: an ``EMAIL`` that somebody's shell exports makes nobody an administrator."""


def main(arguments: list[str], *, environment: Mapping[str, str] = os.environ) -> int:
    """Run one command.

    Args:
        arguments: its name.
        environment: the words; ``GIVEN`` names the variables on make's command line.
    """
    try:
        name = arguments[0] if arguments else ""
        _check_words(name, environment)
        COMMANDS[name](_context(environment))
    except (Refused, Failed) as error:
        return _tell(error)
    except ConfigError as error:
        return _tell(Refused(f"deploy/config.py: {error}"))
    except (BotoCoreError, ClientError) as error:
        return _tell(in_words(error))
    except BrokenPipeError:  # make logs | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nshop: stopped. What CloudFormation has begun goes on by itself; make info tells\n"
        )
        return 130
    return 0


def _check_words(name: str, environment: Mapping[str, str]) -> None:
    if name not in COMMANDS:
        raise Refused(f"there is no command {name!r}: {', '.join(COMMANDS)}")
    if name == "update-config":
        config_values.check_name(environment.get("NAME", ""), given=environment.get("GIVEN", "").split())
    if not environment.get("STAGE"):
        raise Refused(f"which stage? make {name} STAGE=… ({' or '.join(STAGES)})")


def _context(environment: Mapping[str, str]) -> Context:
    stage = stage_named(environment["STAGE"])
    given = environment.get("GIVEN", "").split()
    words = {name: environment[name] for name in WORDS if name in given and environment.get(name)}
    words["NAME"] = environment.get("NAME", "")
    console = Console(assume_yes=environment.get("YES") in {"1", "yes", "true"})
    return Context(stage=stage, aws=Aws(stage), console=console, programs=Programs(), words=words)


def _tell(error: Refused | Failed) -> int:
    sys.stderr.write(f"shop: {error}\n")
    return error.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
