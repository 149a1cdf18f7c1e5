"""The corpus of 300: kind, encoding, title and number, each right in 98 of 100."""

import pytest
from corpus import ASPECTS, SIZE, Miss, Sample, corpus, holdout, misses, rates


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(corpus())


def test_what_was_promised_holds(samples: list[Sample]) -> None:
    missed = misses(samples)
    listed = "\n".join(
        f"{miss.name}: {miss.aspect}: {miss.expected!r}, found {miss.found!r}" for miss in missed
    )
    assert min(rates(samples, missed).values()) >= 0.98, listed


def test_the_corpus_is_what_it_says(samples: list[Sample]) -> None:
    assert len(samples) == SIZE == 300
    assert len({sample.kind for sample in samples}) == 15
    assert {sample.encoding for sample in samples} == {
        *("utf-8", "gb18030", "utf-16-le", "utf-16-be", "")
    }
    assert len({sample.data for sample in samples}) == SIZE
    assert {sample.language for sample in samples} == {"zh", "zh-Hant", "en"}
    assert 20 <= sum(sample.number is None for sample in samples) <= 100
    assert samples == list(corpus())


def test_a_miss_is_told() -> None:
    """The measure itself can fail: of a wrong truth every aspect is a miss."""
    sample = next(iter(corpus()))
    wrong = sample._replace(kind="pdf", encoding="x", title="y", number="z")
    missed = misses([wrong, sample])
    assert {miss.aspect for miss in missed} == set(ASPECTS)
    assert set(rates([wrong, sample], missed).values()) == {0.5}
    assert Miss(wrong.name, "kind", "pdf", "txt") in missed


def test_other_styles_are_understood_too() -> None:
    """Documents written by hand; the first set was looked at when the patterns were mended."""
    samples = list(holdout())
    assert len(samples) == 60
    assert min(rates(samples, misses(samples)).values()) >= 0.95
