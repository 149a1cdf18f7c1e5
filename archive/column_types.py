"""Column types that mean the same in SQLite and in PostgreSQL.

Integers have 64 bits, texts are compared and sorted by code point, times carry their zone.
"""

from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

_SIGN = 1 << 63


def text_type() -> TypeEngine[Any]:
    """Unlimited text; SQLite sorts by bytes by itself."""
    return String().with_variant(String(collation="C"), "postgresql")


def number_type() -> TypeEngine[Any]:
    """A signed 64-bit integer."""
    return BigInteger()


def counted_type() -> TypeEngine[Any]:
    """A key that the database counts up; SQLite does so for INTEGER only."""
    return BigInteger().with_variant(Integer(), "sqlite")


def time_type() -> TypeEngine[Any]:
    """A moment with its zone; SQLite has none and keeps UTC."""
    return DateTime(timezone=True)


class Unsigned(TypeDecorator[int]):
    """An unsigned 64-bit integer, such as the inode numbers of some network file systems."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """The same bits with a sign."""
        del dialect
        return value - 2 * _SIGN if value is not None and value >= _SIGN else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Without the sign again."""
        del dialect
        return value + 2 * _SIGN if value is not None and value < 0 else value


class place_of_bytes(GenericFunction[int]):  # noqa: N801 - the name of a function
    """At which byte of a column (the first is 1) some bytes begin; 0 where they do not stand."""

    type = Integer()
    inherit_cache = True


@compiles(place_of_bytes)
def _instr(element: place_of_bytes, compiler: SQLCompiler, **more: Any) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


@compiles(place_of_bytes, "postgresql")
def _position(element: place_of_bytes, compiler: SQLCompiler, **more: Any) -> str:
    column, wanted = (compiler.process(clause, **more) for clause in element.clauses)
    return f"position({wanted} IN {column})"
