"""Packs, places in versioned stores, replicas, retention."""

import sqlalchemy as sa
from alembic import op

from archive.column_types import counted_type, text_type, time_type

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and columns; records of before stand alone and have no term set."""
    op.create_table(
        "location",
        sa.Column("store", text_type(), nullable=False),
        sa.Column("key", text_type(), nullable=False),
        sa.Column("version", text_type(), nullable=False),
        sa.Column("until", time_type(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "key"),
    )
    op.create_table(
        "replication",
        sa.Column("id", counted_type(), nullable=False),
        sa.Column("store", text_type(), nullable=False),
        sa.Column("key", text_type(), nullable=False),
        sa.Column("since", time_type(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("until", time_type(), nullable=True),
        sa.Column("problem", text_type(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_replication_key", "replication", ["key"])
    op.create_index("ix_replication_store", "replication", ["store"])
    op.create_table(
        "destroying",
        sa.Column("record", text_type(), nullable=False),
        sa.Column("disposition", text_type(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_table(
        "keeping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("pending", sa.Column("pack", text_type(), nullable=True))
    op.create_index("ix_pending_pack", "pending", ["pack"])
    op.add_column("unstored", sa.Column("retain_until", time_type(), nullable=True))
    _record_columns()


def _record_columns() -> None:
    for column in (
        sa.Column("pack", text_type(), nullable=True),
        sa.Column("pack_place", sa.LargeBinary(), nullable=True),
        sa.Column("first_lock", time_type(), nullable=True),
        sa.Column("retain_until", time_type(), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("destroyed", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("record", column)
    op.create_index("ix_record_pack", "record", ["pack"])
    op.create_index("ix_record_retain_until", "record", ["retain_until"])
