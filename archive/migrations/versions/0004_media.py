"""Media: what is still to be looked at, derivatives, and columns of the catalog."""

import sqlalchemy as sa
from alembic import op

from archive.column_types import counted_type, text_type, time_type

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add tables and columns; records of before were not looked at."""
    op.create_table(
        "looking",
        sa.Column("id", counted_type(), nullable=False),
        sa.Column("record", text_type(), nullable=False),
        sa.Column("task", text_type(), nullable=False),
        sa.Column("since", time_type(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", text_type(), nullable=True),
        sa.Column("wish", text_type(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_looking_record", "looking", ["record"])
    op.create_table(
        "derived",
        sa.Column("record", text_type(), nullable=False),
        sa.Column("role", text_type(), nullable=False),
        sa.Column("key", text_type(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("recipe", text_type(), nullable=False),
        sa.Column("made_at", time_type(), nullable=False),
        sa.Column("log", text_type(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record", "role"),
    )
    for column in (
        sa.Column("item", text_type(), nullable=True),
        sa.Column("device", text_type(), nullable=True),
        sa.Column("segment", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("condition", text_type(), nullable=True),
    ):
        op.add_column("record", column)
    for name in ("device", "condition"):
        # Of media alone: the many text records pay nothing for it.
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_record_{name}", "record", [name], sqlite_where=where, postgresql_where=where
        )
