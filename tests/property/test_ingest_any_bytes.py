"""Whatever bytes a device leaves, nothing crashes and what is shown is clean."""

import base64
import json
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from ingest import sidecar
from ingest.errors import Classified, SidecarBad
from ingest.kind import detect
from ingest.names import decode_name, safe_file_name, safe_for_terminal, source_id
from ingest.text import PREVIEW, read_text
from signing import canonical

NAMES = st.one_of(
    st.binary(min_size=1, max_size=255).filter(lambda raw: b"/" not in raw and b"\0" not in raw),
    st.text(min_size=1, max_size=60).map(lambda text: text.encode("gb18030", "replace")),
    st.text(min_size=1, max_size=60).map(lambda text: text.encode("utf-8", "replace")),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)
FIELD = st.sampled_from(sorted(json.loads(sidecar.SCHEMA.read_bytes())["properties"]))
OBJECTS = st.dictionaries(FIELD, JSON).map(
    lambda value: json.dumps({**value, "cunzheng_sidecar": 1}, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
)
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(NAMES)
@example(b"\x84\x31\xa4\x37")
def test_names(raw):
    name = decode_name(raw)
    assert unicodedata.is_normalized("NFC", name.text)
    back = base64.b64decode(name.b64) if name.b64 else name.text.encode()
    assert back == raw
    assert canonical.encode({"name": name.text, "name_b64": name.b64})
    assert not {unicodedata.category(char) for char in safe_for_terminal(name.text)} & HIDDEN


@given(st.text() | st.text(alphabet="./\\-~ \u202e\x00a决。", max_size=300))
def test_file_names(text):
    name = safe_file_name(text)
    assert name
    assert len(name.encode()) <= 200
    assert not {unicodedata.category(char) for char in name} & HIDDEN
    assert not set(name) & set("/\\")
    assert name[0] not in ".- "
    assert safe_file_name(name) == name


@given(st.binary(max_size=100))
def test_source_ids(folder):
    name = source_id(folder)
    assert 1 <= len(name) <= 64
    assert name.isascii()


@given(st.binary(max_size=500) | OBJECTS | JSON.map(lambda value: json.dumps(value).encode()))
def test_sidecars(data):
    sidecar.is_marked(data)
    try:
        found = sidecar.parse(data)
    except Classified:
        return
    except SidecarBad as caught:
        fault = caught
    else:
        assert canonical.decode(canonical.encode(dict(found.claims))) == found.claims
        return
    assert fault.code.startswith("SIDECAR_")
    for sentence in (fault.english, fault.chinese):
        assert not {unicodedata.category(char) for char in sentence} & HIDDEN
        assert canonical.encode({"sentence": sentence})


@given(
    st.binary(max_size=2000) | st.text(max_size=500).map(lambda t: t.encode("gb18030", "replace"))
)
def test_text_and_kind(data):
    for complete in (True, False):
        found = read_text(data, complete=complete)
        media = detect(data, "a.b", found, complete=complete)
        assert media.by in ("content", "name", "none")
        if found is None:
            continue
        assert len(found.preview) <= PREVIEW
        for shown in (found.title, found.preview):
            assert unicodedata.is_normalized("NFC", shown)
            assert "Cc" not in {unicodedata.category(char) for char in shown}
            assert canonical.encode({"shown": shown})


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"))))
def test_utf8_text_is_found(text):
    found = read_text(text.encode(), complete=True)
    assert (found is not None) == bool(text)
