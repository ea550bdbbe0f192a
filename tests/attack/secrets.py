"""What must never be seen: the secrets of a run, and the search for them."""

import json
from collections.abc import Iterator

SHORTEST = 8  # anything shorter would be found by chance


class Secrets:
    """Every secret that a run has used: tokens, passwords, codes, keys, addresses."""

    def __init__(self) -> None:
        self.never: dict[bytes, str] = {}  # neither in an answer nor in a log
        self.not_logged: dict[bytes, str] = {}  # its owner may be answered it

    def add(self, value: str, what: str, *, owner_sees: bool = False) -> str:
        """Remember a secret, and the telling parts of a token; return it."""
        book = self.not_logged if owner_sees else self.never
        parts = [value, *(value.split(".")[1:] if value.startswith("eyJ") else [])]
        for part in parts:
            if len(part) >= SHORTEST:
                book[part.encode()] = what
        return value

    def in_answer(self, data: bytes) -> list[str]:
        """Name the secrets that an answer holds."""
        return sorted({what for value, what in self.never.items() if value in data})

    def in_log(self, data: bytes) -> list[str]:
        """Name the secrets that a log holds, as written or behind JSON's escapes."""
        plain = data + b"\n" + "\n".join(_texts_of(data)).encode("utf-8", "surrogatepass")
        return sorted({what for value, what in {**self.never, **self.not_logged}.items() if value in plain})


def _texts_of(data: bytes) -> Iterator[str]:
    for line in data.splitlines():
        try:
            yield from _texts_in(json.loads(line))
        except ValueError:
            continue


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts_in(member)
