"""People at the command line: each with a key file, calling commands as the in-process runner does.

gu, second = founders(cli)
li = new_person(cli, tmp_path, "li")                    # a key and a request, not enrolled
gu("people", "enrol", "li", "--request", li.request, "--unit", "A", "--role", "handler",
   "--name", "李明")
li("case", "open", …)
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
KEYS = ("CUNZHENG_KEY", "CUNZHENG_SECOND_KEY")
WORDS = ("CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE")


@dataclass(frozen=True)
class Person:
    """A person with a key file; `second` names who signs with him."""

    run: Run
    person: str
    key: Path
    passphrase: str

    @property
    def request(self) -> Path:
        return self.key.with_suffix(".csr")

    def __call__(
        self, *arguments: object, second: "Person | None" = None, passphrase: str | None = None
    ) -> Any:
        values = {KEYS[0]: str(self.key), WORDS[0]: passphrase or self.passphrase}
        if second is not None:
            values |= {KEYS[1]: str(second.key), WORDS[1]: second.passphrase}
        with environment(values):
            return self.run(*arguments)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Only these of the variables that name keys; as they were afterwards."""
    names = (*KEYS, *WORDS, *(f"{name}_FILE" for name in WORDS))
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


def founders(run: Run, home: Path, passphrase: str) -> tuple[Person, Person]:
    """The founders whose keys `init` made; `second` is the second one."""
    found = {path.stem: path for path in (home / "founders").glob("*.key")}
    second = Person(run, "second", found.pop("second"), passphrase)
    first, key = found.popitem()
    return Person(run, first, key, passphrase), second


def new_person(run: Run, folder: Path, person: str) -> Person:
    """A person who made a key and a request for it."""
    found = Person(run, person, folder / f"{person}.key", f"{person}'s passphrase")
    with environment({WORDS[0]: found.passphrase}):
        done = run("people", "key", person, "-o", found.key)
    assert done.code == 0, done.err
    return found


def enrol(
    by: Person, person: Person, *roles: str, unit: str = "A", second: Person | None = None
) -> None:
    """Enrol a person; it has to succeed."""
    named = [part for role in roles for part in ("--role", role)]
    request = ("--request", person.request, "--unit", unit, "--name", f"姓名{person.person}")
    done = by("people", "enrol", person.person, *request, *named, second=second)
    assert done.code == 0, done.err
