"""The tamper table (`make tamper`), row by row: each attack gets its code, exit code, subject."""

from pathlib import Path

import pytest
import tamper
import tamper_table
from tamper import ATTACKS, Attack
from tamper_lab import Lab, tree_digest


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "_"))
def test_is_caught(lab: Lab, attack: Attack) -> None:
    rows = list(tamper.run(lab, attack))
    assert rows
    assert [row.fault for row in rows] == [""] * len(rows)


def test_every_column_of_the_peers_table_is_ours(lab: Lab) -> None:
    compared = [attack for attack in ATTACKS if attack.column]
    rows = [row for attack in compared for row in tamper.run(lab, attack)]
    assert tamper_table.columns(rows) == ["yes"] * 5
    assert all("NO" in line or "no" in line for line in tamper_table.PEERS)


def test_a_wrong_answer_would_be_seen(lab: Lab) -> None:
    """The table can say NO: a look that expects too much, and one that is given too little."""
    flipped = next(attack for attack in ATTACKS if attack.column == "i")
    rewritten = next(attack for attack in ATTACKS if attack.column == "iii-b")
    looks = (tamper.Look((), 0), tamper.Look(("RECORD_ALTERED",)))
    wrong = tamper.Attack("x", flipped.who, flipped.act, looks)
    assert all(row.fault for row in tamper.run(lab, wrong))
    blind = tamper.Attack("x", rewritten.who, rewritten.act, (tamper.Look(("LEDGER_REWRITTEN",)),))
    assert all(row.fault for row in tamper.run(lab, blind))

    def _elsewhere(scene: tamper.Scene) -> str:
        flipped.act(scene)
        return "01ELSEWHERE"

    elsewhere = tamper.Attack(
        "x", flipped.who, lambda s: flipped.act(s) and "01ELSE", flipped.looks
    )
    assert "does not name" in next(tamper.run(lab, elsewhere)).fault


def test_a_verification_that_writes_would_be_seen(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = lab.run

    def writing(home: Path | None, *words: str) -> tuple[int, str]:
        place = Path(words[words.index("--store") + 1])
        (place / "evidence/extra").touch()
        return run(home, *words)

    idle = tamper.Attack("x", tamper.NOBODY, lambda _: None, (tamper.Look((), 0),), base="years")
    assert not next(tamper.run(lab, idle)).fault
    monkeypatch.setattr(lab, "run", writing)
    assert next(tamper.run(lab, idle)).fault == "verification changed the archive"


def test_files_are_told_apart(tmp_path: Path) -> None:
    """The digest over an archive sees bytes, times, modes and names."""
    file = tmp_path / "a"
    file.write_bytes(b"1")
    seen = [tree_digest(tmp_path)]
    file.touch()
    seen.append(tree_digest(tmp_path))
    file.chmod(0o400)
    seen.append(tree_digest(tmp_path))
    file.rename(tmp_path / "b")
    seen.append(tree_digest(tmp_path))
    assert len(set(seen)) == 4
