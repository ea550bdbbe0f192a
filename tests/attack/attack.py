"""What an attack is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.attack.wire import Reply

if TYPE_CHECKING:
    from tests.attack.siege import Siege

KINDS = {
    "tokens": "Tokens",
    "objects": "Other people's objects",
    "bodies": "Bodies",
    "data": "Data that would be code elsewhere",
    "http": "HTTP itself",
    "accounts": "Accounts",
    "limits": "Limits",
    "back office": "The back office's door",
    "surface": "Surface",
}


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack and what must come of it.

    Attributes:
        kind: one of ``KINDS``.
        title: what the attacker tries, as the documentation has it.
        send: does it, and returns the last answer.
        status: expected.
        code: of the expected problem; empty where the answer is no problem (the attack had no effect).
        orders: how many orders come into being, all the attacker's own; nothing else may change.
        at_most: whether there may be fewer.
        refusals: how many lines it leaves in the audit log, each of somebody who has no role.
        then: checks what else must be true of the answer.
        effect: what the answer shows, in words, where ``code`` is empty.
        logged: whether it is worth a log line; a health check that goes well is not.
    """

    kind: str
    title: str
    send: "Callable[[Siege], Reply]"
    status: int
    code: str = ""
    orders: int = 0
    at_most: bool = False
    refusals: int = 0
    then: "Callable[[Siege, Reply], None] | None" = None
    effect: str = ""
    logged: bool = True

    @property
    def expected(self) -> str:
        """The expected answer in words."""
        what = f"`{self.code}`" if self.code else self.effect
        return f"{self.status} {what}".strip()
