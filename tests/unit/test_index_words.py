"""The tokens of texts and queries, by example; what a facet and a period are."""

from datetime import UTC, datetime, timedelta

import pytest

from archive.index import rank
from archive.index.fields import TEXTS, Document, days_of, period
from archive.index.query import Asked, Term, field_term, read_words, sqlite, text_matches
from archive.index.tokens import chars, tokens, wanted

TEXT = """沪交执罚〔2026〕12号
当事人张三于２０２６年驾驶沪A12345号货车超限
运输，证号0012345，设备DSJ-0012345。Contact: Zhang.San@example.cn 13800138000"""


@pytest.mark.parametrize(
    "word",
    ["张", "罚", "张三", "超限", "超限运输", "沪A12345", "A12345号货车", "12345", "DSJ-0012345",
     "〔2026〕12号", "沪交执罚〔2026〕12号", "zhang.san@EXAMPLE.CN", "13800138000", "三于2026年",
     "号\n当事人", "罚〔2026〕", "0012345，设备", "限运"],
)  # fmt: skip
def test_words_of_one_to_four_characters_names_and_mixed_strings(word: str) -> None:
    assert text_matches(Term(word, wanted(word)), TEXT)


@pytest.mark.parametrize("word", ["李四", "张四", "沪B12345", "123", "运", "三驾", "exam", "2345"])
def test_what_does_not_stand_there(word: str) -> None:
    found = text_matches(Term(word, wanted(word)), TEXT)
    assert found == (word == "运")


def test_tokens() -> None:
    assert tokens("沪A12345号") == ["沪", "a", "12345", "号"]
    assert tokens("行政处罚") == ["行", "行政", "政处", "处罚", "罚"]
    assert tokens("行 政\u3000处\n罚") == tokens("行政处罚")
    assert wanted("处罚") == ("处罚",)
    assert wanted("A12345号牌") == ("a", "12345", "号", "号牌")
    assert wanted("张") == ("c张",)
    assert wanted("…") == ()
    assert chars("张三 a 张") == "c三 c张"


def test_words_phrases_and_not() -> None:
    terms, empty = read_words(("超限运输", "“张 三”", "-预告", "％"))
    assert [(term.tokens, term.negated) for term in terms] == [
        (("超限", "限运", "运输"), False),
        (("张三",), False),
        (("预告",), True),
    ]
    assert empty
    assert sqlite(Asked(terms)) == '("超限 限运 运输" AND "张三") NOT "预告"'
    assert read_words(("-", " ")) == ((), True)


def test_the_beginning_of_a_word() -> None:
    assert sqlite(Asked(read_words(("Zhang",))[0]), begin=True) == '"zhang" *'
    for word in ("Zh", "138", "张三", "张", "zhang三"):
        assert "*" not in sqlite(Asked(read_words((word,))[0]), begin=True)
    assert sqlite(Asked((field_term("officers", "张三"),))) == 'officers : "张三"'  # type: ignore[arg-type]


def test_a_period_covers_its_days_and_few_others() -> None:
    first = datetime(2025, 11, 28, tzinfo=UTC)
    last = first + timedelta(days=430)
    facets = period(first, last)
    assert len(facets) < 60
    for number in range(431):
        assert not set(days_of(first + timedelta(days=number))).isdisjoint(facets)
    for beside in (first - timedelta(days=1), last + timedelta(days=2)):
        assert set(days_of(beside)).isdisjoint(facets)
    assert not set(days_of(last)).isdisjoint(period(first, None))
    assert not set(days_of(first)).isdisjoint(period(None, last))
    assert period(last, first) == ()


def test_a_period_reaches_to_both_ends_of_the_calendar() -> None:
    ends = [datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 28, 20, tzinfo=UTC)]
    known = [*ends, *(datetime(year, 6, 1, tzinfo=UTC) for year in (99, 1899, 1900, 2100, 3000))]
    for moment in known:
        for since in (None, datetime.min.replace(tzinfo=UTC), moment):
            for until in (None, datetime.max.replace(tzinfo=UTC), moment):
                facets = period(since, until)
                assert len(facets) < 350
                assert not set(days_of(moment)).isdisjoint(facets)
    assert set(days_of(known[3])).isdisjoint(period(known[4], None))
    assert set(days_of(known[-1])).isdisjoint(period(None, known[-2]))


def document(body: str = "", **fields: str) -> Document:
    texts = {**dict.fromkeys(TEXTS, ""), **fields, "body": body}
    return Document("R", tuple(texts[name] for name in TEXTS), ())


def test_better_hits_come_first() -> None:
    wished = rank.patterns(read_words(("处罚",))[0])
    filler = "现场检查情况如下。" * 40
    ordered = [
        document("处罚", title="处罚"),
        document("", title="行政处罚决定书"),
        document("", subject="处罚"),
        document("处罚。处罚。"),
        document("处罚。" + filler),
        document(filler),
    ]
    scores = [rank.score(one, wished) for one in ordered]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert scores[-1] == 0


def test_the_stretch_of_text() -> None:
    wished = rank.patterns(read_words(("超限运输", "A12345"))[0])
    found = rank.snippet("甲" * 100 + TEXT, wished)
    assert found is not None
    assert [found.text[a:b] for a, b in found.marks] == ["A12345", "超限 运输"]
    assert found.text.startswith("…甲")
    assert "\n" not in found.text
    folded = rank.snippet("ﬁrst：Ａ１２３４５", wished)  # one character of it is two by NFKC
    assert folded is not None
    assert [folded.text[a:b] for a, b in folded.marks] == ["Ａ１２３４５"]
    assert rank.snippet("甲乙", wished) is None
    assert rank.beginning("甲\n乙  " * 200).text.startswith("甲 乙 甲")
