"""Intake: what documents say of themselves, what the register says of a source."""

import sqlalchemy as sa
from alembic import op

from archive.column_types import text_type
from archive.kinds import short_kind

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
    op.add_column("source", sa.Column("terms", text_type(), nullable=True))
    _name_kinds()


def _name_kinds() -> None:
    """Say of records of before what they are."""
    record = sa.table("record", sa.column("media_type"), sa.column("kind"))
    connection = op.get_bind()
    for media_type in connection.execute(sa.select(record.c.media_type).distinct()).scalars():
        if media_type:
            named = record.update().where(record.c.media_type == media_type)
            connection.execute(named.values(kind=short_kind(media_type)))
