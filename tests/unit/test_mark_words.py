"""The quick look for words of a mark changes no answer of the slow one, kept here as it was."""

import re
import sys
import unicodedata
from codecs import getincrementaldecoder
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import mark_words, secrecy
from ingest.mark_words import FIRST_HALVES, WORDS, end_of, may_hold, plain

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_OVERLAP = 256
PARTS = [
    *("绝密", "絕", "密", "机", "機", "㊙", "秘", "祕密", "工作", "★10年", "☆", "*"),
    *('"密级": "', "密級：", "classification", "Classified =", "secrecy", '":"', ": ", "="),
    *("secret", "SECRET", "ＳＥＣＲＥＴ", "conﬁdential", "Con\u200bfidential", "ſecret", "ⓢecret"),
    *(
        "sec",
        "ret",
        "con",
        "fidential",
        "c",
        "t",
        "℡",
        "ß",
        "secre℡",
        "e\u0301",
        "\u0301",
        "\u0323",
    ),
    *("\\u673a", "\\u5bc6", "\\u26", "05", "\\u0073", "\\", "\\u", " ", "\n", "\u3000", "\ufeff"),
    *("公开", "填" * 300, "x" * 700, " " * 600, "\u200b" * 40, "é", "가", "ᄀ", "ᅡ", "，", "…"),
]
text = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=12).map("".join)


def slowly_plain(text):
    found = mark_words.HIDDEN.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return found.translate(mark_words.SIMPLIFIED)


class SlowScan:
    def __init__(self, encoding):
        self._decoder = getincrementaldecoder(encoding)(errors="replace")
        self._half = self._tail = ""

    def feed(self, piece):
        text = self._half + self._decoder.decode(piece, final=not piece)
        end = text.rfind("\\", max(0, len(text) - 5)) if piece else -1
        self._half = text[end:] if end >= 0 else ""
        whole = text[:end] if end >= 0 else text
        unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), whole)
        seen = self._tail + slowly_plain(unescaped)
        self._tail = seen[-_OVERLAP:]
        return secrecy._names_a_secret(seen)


@pytest.mark.parametrize("encoding", secrecy._ENCODINGS)
@settings(max_examples=120, deadline=None)
@given(pieces=st.lists(text, max_size=4), cut=st.integers(0, 3))
def test_every_piece_of_a_stream_is_judged_as_before(encoding, pieces, cut):
    raw = [piece.encode(encoding, errors="replace") for piece in pieces]
    if cut and len(raw) > 1:  # inside a character, an escape or a word
        raw[:2] = [raw[0][:-cut], raw[0][-cut:] + raw[1]]
    quick, slow = secrecy._Scan(encoding), SlowScan(encoding)
    for piece in chain(raw, (b"",)):
        assert quick.feed(piece) == slow.feed(piece)
        assert quick._tail == slow._tail


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40) | text.map(str.encode), max_size=4))
def test_other_bytes_are_judged_as_before(raw):
    for encoding in secrecy._ENCODINGS:
        quick, slow = secrecy._Scan(encoding), SlowScan(encoding)
        for piece in raw:
            assert (quick.feed(piece), quick._tail) == (slow.feed(piece), slow._tail)


@settings(max_examples=300, deadline=None)
@given(text, text)
def test_no_word_is_missed_and_no_text_made_otherwise(before, after):
    assert plain(after) == slowly_plain(after)
    assert may_hold(after) or not secrecy._MARK.search(slowly_plain(after))
    whole = slowly_plain(before) + slowly_plain(after)
    assert end_of(slowly_plain(before), after, 256) == whole[-256:]


def test_all_characters_that_count_are_known():
    letters = {*"".join(WORDS)}
    for character in map(chr, range(sys.maxunicode + 1)):
        found = slowly_plain(character)
        if not found or not letters.isdisjoint(found):
            for word in WORDS:
                for start in range(len(word)):
                    written = word[:start] + character + word[start + 1 :]
                    for one in (written, written[:start] + "\u3000" + written[start + 1 :] + "…"):
                        assert may_hold(one) or word not in slowly_plain(one), hex(ord(character))
                assert not found or may_hold(word[:3] + character + word[3:] + "…") is False
                assert found or may_hold(word[:3] + character + word[3:] + "…")
        if not {*"绝机秘"}.isdisjoint(found):
            assert character in FIRST_HALVES
        assert "密" not in found or character == "密"


@pytest.mark.parametrize(
    "harmless",
    [
        "现场检查笔录，保密期限：无；客户密码",
        '{"name": "file number 17", "v": 3}',
        "ﬁle ℡ 5",
        "…\u3000秒",
    ],
)
def test_ordinary_texts_need_no_longer_look(harmless):
    assert not may_hold(harmless)
