"""Who may call what: the reader that a caller is, and denials put on the ledger.

with gate(host, caller) as reader:
    reader.check_role("archivist")
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader, holder_of, reader_of
from archive.errors import Denied, UsageError
from cli.account import account_name
from cli.language import say
from cli.service.operations import Caller, Host


@contextmanager
def gate(host: Host, caller: Caller) -> Iterator[Reader]:
    """Let a caller in as who he is; a Denied in the block is recorded before it is raised.

    So the block must not submit statements: the desk records what it denies by itself.
    Who hosts the archive himself, root, and the service's own account are let in as its holder.
    """
    people: tuple[str, ...] = ()
    try:
        reader = _reader(host, caller)
        people = reader.people
        yield reader
    except Denied as error:
        person = people[0] if len(people) == 1 else None
        host.desk.record_denial(error, str(caller.uid), None, person)
        raise


def acting(caller: Caller, reader: Reader, named: str | None) -> str:
    """Who a deed is recorded for: the person bound to the account, else who is named.

    Only the archive's holder can name somebody; by default he is his account's name. Raises
    UsageError for another person's name.
    """
    bound = reader.people[0] if len(reader.people) == 1 else None
    if bound is not None and named in (None, bound):
        return bound
    if reader.holder:
        return account_name(caller.uid) if named is None else named
    raise UsageError(
        say("This is recorded in your own name.", "此事项只能以本人名义登记。")
        if named is not None
        else say(
            "Several people are bound to your account; it has to be one.",
            "您的账户绑定了多名人员，须只绑定一人。",
        )
    )


def _reader(host: Host, caller: Caller) -> Reader:
    now, account = host.bench.clock.now(), str(caller.uid)
    with host.bench.database.read() as connection:
        people = list(DbShelf(connection).every("person"))
    if host.mode == "single" or caller.uid in (0, os.geteuid()):
        return holder_of(people, account, now)
    return reader_of(people, account, now)
