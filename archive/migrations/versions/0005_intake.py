"""Intake: what documents say of themselves, what the register says of a source."""

import json

import sqlalchemy as sa
from alembic import op

from archive import resolved
from archive.column_types import text_type, time_type
from archive.index import places
from archive.kinds import short_kind
from archive.source_rows import Counts
from archive.times import parse_time

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns; records of before were not read as documents."""
    for name in (
        *("kind", "doc_number", "doc_date", "parties", "language"),
        *("subject", "place", "importance", "tags"),
    ):
        op.add_column("record", sa.Column(name, text_type(), nullable=True))
    op.add_column("record", sa.Column("pages", sa.Integer(), nullable=True))
    op.add_column("record", sa.Column("readable", sa.Boolean(), nullable=True))
    op.add_column(
        "record", sa.Column("spilled", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("intake", sa.Column("beside", text_type(), nullable=True))
    op.add_column("intake", sa.Column("sidecar_path", sa.LargeBinary(), nullable=True))
    op.create_table(
        "resolved",
        sa.Column("quarantine", text_type(), primary_key=True),
        sa.Column("source", text_type(), nullable=False),
        sa.Column("outcome", text_type(), nullable=False),
        sa.Column("record", text_type(), nullable=True),
        sa.Column("at", time_type(), nullable=False),
    )
    op.add_column("source", sa.Column("terms", text_type(), nullable=True))
    op.create_index("ix_record_place", "record", ["log", "idx"])
    places.make(op.get_bind())
    _name_kinds()
    _count_by_hour()


def _name_kinds() -> None:
    """Say of records of before what they are."""
    record = sa.table("record", sa.column("media_type"), sa.column("kind"))
    connection = op.get_bind()
    for media_type in connection.execute(sa.select(record.c.media_type).distinct()).scalars():
        if media_type:
            named = record.update().where(record.c.media_type == media_type)
            connection.execute(named.values(kind=short_kind(media_type)))


def _count_by_hour() -> None:
    """Add the table of what came from a source within an hour, with the records of before."""
    op.create_table(
        "source_hour",
        sa.Column("source", text_type(), nullable=False),
        sa.Column("hour", time_type(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("records", "bytes", "redropped", "rejected", "refused")
        ),
        sa.PrimaryKeyConstraint("source", "hour"),
    )
    op.create_index("ix_source_hour_hour", "source_hour", ["hour"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    hour = (
        "strftime('%Y-%m-%d %H:00:00.000000', received_at)"
        if is_sqlite
        else "date_trunc('hour', received_at)"
    )
    op.execute(
        "INSERT INTO source_hour (source, hour, records, bytes, redropped, rejected, refused)"  # noqa: S608
        f" SELECT source, {hour}, count(*), sum(size), 0, 0, 0 FROM record GROUP BY 1, 2"
    )
    _count_other_arrivals(is_sqlite=is_sqlite)


def _count_other_arrivals(*, is_sqlite: bool) -> None:
    """Count re-drops and what was rejected, of which only the ledger's entries tell."""
    connection, counts = op.get_bind(), Counts()
    holds = "instr(data, :kind) > 0" if is_sqlite else "position(:kind in data) > 0"
    for kind in ("record.redropped", "drop.rejected"):
        # Quotation marks inside a string of JSON are escaped: this is the entry's own kind.
        query = sa.text(f"SELECT data, pending FROM entry WHERE {holds}")  # noqa: S608
        bound = query.bindparams(sa.bindparam("kind", f'"kind":"{kind}"'.encode(), sa.LargeBinary))
        for data, pending in connection.execute(bound):
            body = json.loads(bytes(data))["body"]
            counts.note(kind, body)
            # The id of such an entry is the one that its drop has in quarantine.
            if kind == resolved.REJECTED and body.get("detail_id") and pending:
                at = parse_time(body["received_at"])
                resolved.wait(connection, pending, body["source"], at)
    counts.save(connection)
