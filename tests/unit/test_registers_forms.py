"""Copies made for one access: which the registers take, and which never."""

from collections.abc import Callable
from typing import Any

import pytest
from register_book import SIZE, Book

from archive.errors import Denied, FormatError

SPAN = {"from": 1000, "to": 3000}
BYTES = {"from": 100, "to": 900}
PARENT = "sha256:" + "00" * 32
MADE = {
    "digest": "sha256:" + "11" * 32,
    "key": None,
    "parent": PARENT,
    "recipe": "excerpt/1",
    "role": "excerpt",
    "size": 500,
    "tool": None,
    "range": BYTES,
    "span": SPAN,
}


@pytest.fixture
def book() -> Book:
    return Book()


def code(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    with pytest.raises(Denied) as caught:
        call(*arguments, **named)
    return caught.value.code


def requested(book: Book, action: str = "excerpt", **changed: Any) -> str:
    """A request of an inspector, who needs no approval."""
    request = book.ulid()
    payload, data = book.asking("internal_supervision", action, request)
    if action == "excerpt":
        payload |= {"segments": [BYTES], "span": SPAN}
    said = {key: value for key, value in (payload | changed).items() if value != "none"}
    book.act(["insp"], "access.requested", said, data)
    return request


def started(book: Book, request: str, **changed: Any) -> str:
    return book.start("insp", request, **{"form": "excerpt", "span": SPAN, **changed})


def made(book: Book, access: str, **changed: Any) -> None:
    body = {**MADE, "access": access, **changed}
    book.own("derived.made", book.record, {k: v for k, v in body.items() if v != "none"})


def test_an_excerpt_from_request_to_end(book: Book) -> None:
    access = started(book, requested(book))
    made(book, access)
    book.end(access, 500)
    assert book.value("access", access)["made"]["size"] == 500
    assert book.value("access", access)["state"] == "completed"


def test_a_narrower_part_than_was_granted(book: Book) -> None:
    inner = {"from": 1000, "to": 2000}
    access = started(book, requested(book), span=inner, range={"from": 200, "to": 300})
    assert code(made, book, access) == "NOT_COVERED"
    made(book, access, span=inner, range={"from": 200, "to": 300})


@pytest.mark.parametrize(
    ("action", "changed", "expected"),
    [
        ("excerpt", {"segments": None}, "NEED_MISSING"),
        ("copy", {"span": SPAN}, "NOT_COVERED"),
    ],
)
def test_spans_that_cannot_be_asked_for(
    book: Book, action: str, changed: dict[str, Any], expected: str
) -> None:
    assert code(requested, book, action, **changed) == expected


def test_a_span_is_of_one_record(book: Book) -> None:
    assert code(requested, book, records=sorted([book.record, book.other])) == "NOT_COVERED"


@pytest.mark.parametrize(
    "changed",
    [
        {"span": {"from": 999, "to": 3000}},
        {"span": {"from": 1000, "to": 3001}},
        {"range": {"from": 99, "to": 900}},
        {"range": None},
    ],
)
def test_accesses_beyond_what_was_granted(book: Book, changed: dict[str, Any]) -> None:
    request = requested(book)
    assert code(started, book, request, **changed) == "NOT_COVERED"


def test_a_span_needs_a_form_and_an_excerpt_a_span(book: Book) -> None:
    request = requested(book)
    assert code(book.start, "insp", request, span=SPAN) == "NOT_COVERED"
    assert code(book.start, "insp", request, form="excerpt") == "NOT_COVERED"
    copy = requested(book, "copy")
    assert code(book.start, "insp", copy, form="excerpt", span=SPAN) == "NOT_COVERED"
    assert code(book.start, "insp", copy, form="marked", span=SPAN) == "NOT_COVERED"


@pytest.mark.parametrize("part", [BYTES, {"from": 200, "to": 300}])
def test_a_span_is_never_handed_out_as_bytes(book: Book, part: dict[str, int]) -> None:
    """Its bytes hold other streams too, and packets of other times that lie between."""
    request = requested(book)
    with pytest.raises(Denied) as caught:
        book.start("insp", request, range=part)
    assert (caught.value.code, caught.value.facts) == ("NOT_COVERED", ("SPAN_AS_COPY",))
    started(book, request, form="marked", range=part)


def test_a_part_in_bytes_is_never_a_marked_copy_of_the_whole(book: Book) -> None:
    request = book.request("insp", "internal_supervision", "excerpt")
    assert code(book.start, "insp", request, form="marked") == "NOT_COVERED"
    copy = requested(book, "copy")
    assert code(book.start, "insp", copy, form="marked", range=BYTES) == "NOT_COVERED"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"role": "marked"}, "ACCESS_UNKNOWN"),
        ({"key": "derived/x"}, "ACCESS_UNKNOWN"),
        ({"parent": "sha256:" + "22" * 32}, "NOT_COVERED"),
        ({"span": {"from": 0, "to": 3000}}, "NOT_COVERED"),
        ({"span": "none"}, "NOT_COVERED"),
        ({"range": {"from": 99, "to": 900}}, "NOT_COVERED"),
        ({"range": "none"}, "NOT_COVERED"),
    ],
)
def test_what_was_made_lies_in_the_access(
    book: Book, changed: dict[str, Any], expected: str
) -> None:
    access = started(book, requested(book))
    assert code(made, book, access, **changed) == expected


def test_made_once_and_while_the_access_is_open(book: Book) -> None:
    access = started(book, requested(book))
    made(book, access)
    assert code(made, book, access) == "ACCESS_UNKNOWN"
    book.end(access, 500)
    other = started(book, requested(book))
    book.end(other, 0, "COPY_FAILED")
    assert code(made, book, other) == "ACCESS_UNKNOWN"
    plain = book.start("insp", requested(book, span="none"))
    assert code(made, book, plain) == "ACCESS_UNKNOWN"


def test_another_record_than_the_access_is_of(book: Book) -> None:
    access = started(book, requested(book))
    body = {**MADE, "access": access}
    assert code(book.own, "derived.made", book.other, body) == "NOT_COVERED"


def test_the_end_is_held_against_what_was_made(book: Book) -> None:
    access = started(book, requested(book))
    assert code(book.end, access, 800) == "NOT_COVERED"
    assert code(book.end, access, 1, "FAILED") == "NOT_COVERED"
    made(book, access)
    assert code(book.end, access, 499) == "NOT_COVERED"
    assert code(book.end, access, 501, "FAILED") == "NOT_COVERED"
    book.end(access, 499, "FAILED")


def test_copies_are_not_resumed_and_resume_nothing(book: Book) -> None:
    copy, rest = requested(book, "copy"), {"from": 100, "to": SIZE}
    access = book.start("insp", copy, form="marked")
    made(book, access, role="marked", range="none", span="none")
    book.end(access, 100, "CONNECTION_LOST")
    assert code(book.start, "insp", copy, resumes=access, range=rest) == "ACCESS_UNKNOWN"
    plain = book.start("insp", copy)
    book.end(plain, 100, "CONNECTION_LOST")
    again = {"resumes": plain, "range": rest, "form": "marked"}
    assert code(book.start, "insp", copy, **again) == "NOT_COVERED"
    book.start("insp", copy, resumes=plain, range=rest)


def test_derivatives_that_stay_are_no_business_of_the_registers(book: Book) -> None:
    poster = {**MADE, "role": "poster", "access": None, "key": "derived/x"}
    book.own("derived.made", book.record, poster)
    with pytest.raises(FormatError):
        book.own("derived.made", book.record, {**poster, "access": book.ulid()})
    with pytest.raises(FormatError):
        book.own("derived.made", book.record, {**poster, "key": None})
