"""People at the command line: founding, enrolling, two people, wrong passphrases, revoking."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, enrol, environment, founders, new_person

from archive.database import Database
from archive.ledger import current_head, entries_between
from cli.founding import named_founders

PASSPHRASE = "a passphrase for tests"
APPROVER = "approver.department_head"


@dataclass(frozen=True)
class Place:
    """An archive with its founders."""

    cli: Any
    folder: Path
    gu: Person
    second: Person

    def person(self, name: str) -> Person:
        return new_person(self.cli, self.folder, name)

    def entries(self) -> list[dict[str, Any]]:
        database = Database(f"sqlite:///{self.cli.home}/cunzheng.db")
        with database.read() as connection:
            head = current_head(connection)
            assert head is not None
            assert head.published == head.size
            found = entries_between(connection, head.log, 0, head.size)
        database.close()
        return [json.loads(item.data) for item in found]


@pytest.fixture
def place(outside: Any, tmp_path: Path) -> Place:
    """A new archive; `outside` only gives the runner."""
    cli = type(outside)(tmp_path / "home")
    done = cli("init")
    assert done.code == 0, done.err
    assert "founders" in done.out
    gu, second = founders(cli, tmp_path / "home", PASSPHRASE)
    return Place(cli, tmp_path, gu, second)


def test_a_handler_is_enrolled_by_one_and_shown(place: Place) -> None:
    li = place.person("li")
    enrol(place.gu, li, "handler")
    found = place.cli("people", "list", "--json").json["people"]
    shown = {person["person"]: person for person in found}
    assert shown["li"]["state"] == "active"
    assert shown["li"]["name"] == "姓名li"
    assert {name for name, person in shown.items() if person["founder"]} == {
        place.gu.person,
        "second",
    }
    table = place.cli("--lang", "zh", "people", "list").out
    assert "承办人" in table
    assert "在用" in table
    history = place.cli("people", "show", "li", "--json").json["history"]
    assert [event["kind"] for event in history] == ["person.enrolled"]
    assert history[0]["signers"] == [place.gu.person]
    assert place.cli("people", "show", "nobody").code == 2
    li = place.person("card")
    words = ("--post", "队员", "--unit-name", "执法一队", "--certificate-no", "K-7")
    plain = ("--request", li.request, "--unit", "A", "--role", "handler", "--name", "李")
    card = (*words, "--certificate-until", "2030-05-01")
    assert place.gu("people", "enrol", "card", *plain, *card).code == 0
    shown = place.cli("people", "show", "card", "--json").json
    assert (shown["post"], shown["unit_name"]) == ("队员", "执法一队")
    assert (shown["certificate_no"], shown["certificate_until"]) == ("K-7", "2030-05-01")
    assert "enforcement card" in place.cli("people", "show", "card").out


def test_an_approver_takes_two_people_here_or_by_a_proposal(place: Place) -> None:
    wang, zhao = place.person("wang"), place.person("zhao")
    request = ("--request", wang.request, "--unit", "A", "--role", APPROVER, "--name", "王")
    alone = place.gu("people", "enrol", "wang", *request)
    assert alone.code == 2
    assert "--second-key" in alone.err
    assert "two people" in alone.err
    twice = place.gu("people", "enrol", "wang", *request, second=place.gu)
    assert (twice.code, "--second-key is the key of" in twice.err) == (2, True)
    past = place.gu("people", "enrol", "wang", *request, "--until", "2020-01-01")
    assert (past.code, "--until" in past.err) == (2, True)
    broken = place.folder / "broken.csr"
    broken.write_text("no request")
    bad = place.gu("people", "enrol", "wang", "--request", broken, *request[2:])
    assert (bad.code, f"--request {broken}" in bad.err) == (2, True)
    enrol(place.gu, wang, APPROVER, second=place.second)

    proposal = place.folder / "zhao.json"
    request = ("--request", zhao.request, "--unit", "A", "--role", "legal_office", "--name", "赵")
    done = place.gu("people", "enrol", "zhao", *request, "-o", proposal)
    assert done.code == 0, done.err
    assert "zhao" not in place.cli("people", "list").out
    himself = place.gu("people", "countersign", proposal)
    assert (himself.code, "--key is the key of" in himself.err) == (2, True)
    done = place.second("--lang", "zh", "people", "countersign", proposal)
    assert done.code == 0, done.err
    assert "赵" in done.out
    again = place.second("people", "countersign", proposal)
    assert again.code == 4
    states = place.cli("people", "list", "--json").json["people"]
    assert {"wang", "zhao"} <= {person["person"] for person in states}


def test_a_changed_proposal_is_refused(place: Place) -> None:
    zhao, proposal = place.person("zhao"), place.folder / "zhao.json"
    request = ("--request", zhao.request, "--unit", "A", "--role", "legal_office", "--name", "赵")
    assert place.gu("people", "enrol", "zhao", *request, "-o", proposal).code == 0
    text = proposal.read_text("utf-8")
    proposal.write_text(text.replace('"unit": "A"', '"unit": "B"'), "utf-8")
    done = place.second("people", "countersign", proposal)
    assert done.code == 4
    assert place.entries()[-1]["body"]["code"] == "STATEMENT_BAD"
    proposal.write_text("{}", "utf-8")
    assert place.second("people", "countersign", proposal).code == 2


def test_a_wrong_passphrase_is_an_entry_before_the_command_ends(place: Place) -> None:
    done = place.gu("people", "suspend", "second", "--reason", "x", passphrase="pa55-not-it")
    assert done.code == 4
    last = place.entries()[-1]
    assert last["kind"] == "access.denied"
    assert last["body"]["code"] == "WRONG_PASSPHRASE"
    assert last["body"]["person"] == place.gu.person
    assert "pa55-not-it" not in done.err + done.out


def test_a_key_that_nobody_has_is_denied_and_recorded(place: Place) -> None:
    ghost = place.person("ghost")
    done = ghost("people", "suspend", "second", "--reason", "x")
    assert done.code == 4
    assert place.entries()[-1]["body"]["code"] == "SIGNER_UNKNOWN"


def test_suspend_resume_revoke(place: Place) -> None:
    li = place.person("li")
    enrol(place.gu, li, "handler")
    assert place.gu("people", "suspend", "li", "--reason", "休假").code == 0
    assert li("hold", "lift", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--reason", "x").code == 4
    assert place.entries()[-1]["body"]["code"] == "SIGNER_SUSPENDED"
    assert place.gu("people", "resume", "li", "--reason", "返岗").code == 0
    assert place.gu("people", "revoke", "li", "--code", "unknown", "--reason", "x").code == 2
    done = place.gu("people", "revoke", "li", "--code", "left", "--reason", "离岗", "--json")
    assert done.json["sealed"] is True
    assert li("hold", "lift", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--reason", "x").code == 4
    assert place.entries()[-1]["body"]["code"] == "SIGNER_REVOKED"
    shown = place.cli("people", "show", "li", "--json").json
    assert shown["state"] == "revoked"
    verified = place.cli("verify", "--json")
    assert verified.code == 0, verified.out


def test_the_founders_hand_over(place: Place) -> None:
    """Their keys enrol two people with keys of their own, who then revoke the founders."""
    new = [place.person(name) for name in ("p001", "p002")]
    enrol(place.gu, new[0], "archivist", "approver.principal", second=place.second)
    enrol(place.second, new[1], "archivist", "legal_office", second=place.gu)
    for founder in (place.gu.person, "second"):
        revoke = ("people", "revoke", founder, "--code", "superseded", "--reason", "移交")
        assert new[0](*revoke).code == 0
    shutil.rmtree(place.folder / "home" / "founders")
    enrol(new[0], place.person("li"), "handler")
    assert place.gu.key.exists() is False
    assert place.cli("verify").code == 0


def test_founders_with_keys_of_their_own(outside: Any, tmp_path: Path) -> None:
    cli = type(outside)(tmp_path / "home")
    people = [new_person(outside, tmp_path, name) for name in ("wu", "sun")]
    roles = ("archivist,approver.principal", "archivist,legal_office")
    named = [f"{p.person}:{r}:{p.key}" for p, r in zip(people, roles, strict=True)]
    words = {
        "CUNZHENG_KEY_PASSPHRASE": people[0].passphrase,
        "CUNZHENG_SECOND_KEY_PASSPHRASE": people[1].passphrase,
    }
    with environment(words):
        done = cli("init", "--founder", named[0], "--founder", named[1])
    assert done.code == 0, done.err
    assert not (tmp_path / "home" / "founders").exists()
    assert people[0].key.with_suffix(".crt").exists()
    wu, sun = (Person(cli, p.person, p.key, p.passphrase) for p in people)
    enrol(wu, new_person(cli, tmp_path, "li"), APPROVER, second=sun)


@pytest.mark.parametrize(
    "named",
    [
        ["wu:archivist"],
        ["wu:archivist:a.key"],
        ["wu:archivist:a.key", "wu:archivist:b.key"],
        ["wu:legal_office:a.key", "sun:legal_office:b.key"],
        ["wu:archivist:a.key", "sun:handler:b.key"],
        ["wu:archivist:a.key", "sun:king:b.key"],
        ["Wu Li:archivist:a.key", "sun:archivist:b.key"],
    ],
)
def test_founders_that_cannot_found(outside: Any, tmp_path: Path, named: list[str]) -> None:
    cli = type(outside)(tmp_path / "home")
    done = cli("init", *(part for text in named for part in ("--founder", text)))
    assert done.code == 2, done.err
    assert not (tmp_path / "home").exists()


def test_a_founders_wrong_passphrase_leaves_nothing_behind(outside: Any, tmp_path: Path) -> None:
    cli = type(outside)(tmp_path / "home")
    people = [new_person(outside, tmp_path, name) for name in ("wu", "sun")]
    named = [part for p in people for part in ("--founder", f"{p.person}:archivist:{p.key}")]
    words = dict.fromkeys(("CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE"), "no")
    with environment(words):
        assert cli("init", *named).code == 2
    assert not (tmp_path / "home").exists()
    people[1].key.with_suffix(".crt").write_bytes(b"")
    with environment({"CUNZHENG_KEY_PASSPHRASE": people[0].passphrase}):
        assert "exists" in cli("init", *named).err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("user", "person"),
    [("Li.Ming", "li.ming"), ("李明", "founder1"), ("second", "founder1"), ("-x y", "x-y")],
)
def test_the_first_founder_is_the_user(
    user: str, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: user)
    assert named_founders([])[0].person == person


def test_rules_are_adopted_by_two(place: Place) -> None:
    text = place.cli("rules", "show", "access").out
    changed = place.folder / "access.toml"
    changed.write_text(text.replace("hours = 72", "hours = 48", 1), "utf-8")
    adopt = ("rules", "adopt", "access", changed)
    assert place.gu(*adopt).code == 2
    assert place.gu(*adopt, second=place.second).code == 0
    assert "hours = 48" in place.cli("rules", "show", "access").out
    proposal = place.folder / "rules.json"
    changed.write_text(text, "utf-8")
    assert place.gu(*adopt, "-o", proposal).code == 0
    assert place.second("people", "countersign", proposal).code == 2
    assert place.second("rules", "countersign", proposal).code == 0
    assert "hours = 72" in place.cli("rules", "show", "access", "--json").json["text"]
    changed.write_text("cunzheng_access = 2\n", "utf-8")
    assert place.gu(*adopt, second=place.second).code == 2
    assert place.cli("rules", "show", "nothing").code == 2


HELPED: tuple[tuple[str, ...], ...] = (
    *(("people", verb) for verb in ("key", "enrol", "countersign", "suspend", "resume", "revoke")),
    *(("people", verb) for verb in ("list", "show", "lists")),
    *(("rules", verb) for verb in ("show", "adopt", "countersign")),
    *(("case", v) for v in ("open", "close", "change", "attach", "detach", "show", "list")),
    ("case", "countersign"),
    *(("hold", verb) for verb in ("place", "lift", "list")),
)


@pytest.mark.parametrize("words", HELPED, ids=" ".join)
def test_help_has_an_example(outside: Callable[..., Any], words: tuple[str, ...]) -> None:
    done = outside(*words, "--help")
    assert done.code == 0, done.err
    assert f"cunzheng {' '.join(words)}" in " ".join(done.out.split())
