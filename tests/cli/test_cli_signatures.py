"""Electronic signatures at the command line: checked behind the seal, shown, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signed_documents import Signers, revised


def test_from_the_drop_to_show(outside: Any, tmp_path: Path) -> None:
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    signers = Signers()
    roots = tmp_path / "home/trust"
    roots.mkdir()
    (roots / "root.cer").write_bytes(signers.root_der)
    settings = tmp_path / "home/cunzheng.toml"
    text = settings.read_text("utf-8")
    assert 'signature_trust = ""' in text
    settings.write_text(text.replace('signature_trust = ""', 'signature_trust = "trust"'), "utf-8")
    drops = {"good.pdf": signers.pdf(), "later.pdf": revised(signers.pdf()), "a.ofd": signers.ofd()}
    for name, data in drops.items():
        (tmp_path / name).write_bytes(data)
    assert cli("ingest", *(tmp_path / name for name in drops), "--source", "DSJ-1").code == 0
    rows = {row["name"]: row["record"] for row in cli("search", "--json").json["records"]}
    assert cli("derive").code in (0, 1)
    shown = cli("show", rows["good.pdf"]).out
    assert "王芳" in shown
    assert "covers the whole file" in shown
    assert "signer trusted" in shown
    shown = cli("show", rows["later.pdf"]).out
    assert "the document was changed after it was signed" in shown
    shown = cli("--lang", "zh", "show", rows["a.ofd"]).out
    assert "电子签章" in shown
    assert "签名成立，覆盖全文，签名人可信" in shown
    report = cli("verify", "--json")
    assert report.json["outcome"] != "FAILED", report.out
    custody = cli("show", rows["a.ofd"], "--json").json["custody"]
    said = [event["detail"] for event in custody if event["kind"] == "record.amended"]
    assert [one["signatures"][0]["intact"] for one in said] == [True]


def test_a_bad_root_is_named_and_what_waits_stays(outside: Any, tmp_path: Path) -> None:
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    signers = Signers()
    roots = tmp_path / "home/trust"
    roots.mkdir()
    (roots / "root.cer").write_bytes(signers.root_der)
    (roots / "bad.cer").write_bytes(b"MIIB")
    settings = tmp_path / "home/cunzheng.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('signature_trust = ""', 'signature_trust = "trust"'), "utf-8")
    (tmp_path / "good.pdf").write_bytes(signers.pdf())
    assert cli("ingest", tmp_path / "good.pdf", "--source", "DSJ-1").code == 0
    (row,) = cli("search", "--json").json["records"]
    refused = cli("derive")
    assert refused.code == 2
    assert "bad.cer is no certificate" in refused.err
    assert "signatures checked" not in cli("show", row["record"]).out
    (roots / "bad.cer").unlink()
    assert cli("derive").code in (0, 1)
    assert "signer trusted" in cli("show", row["record"]).out
