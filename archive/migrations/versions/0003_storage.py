"""Packs, places in versioned stores, replicas, retention."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and columns; records of before stand alone and have no term set."""
    op.create_table(
        "location",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "key"),
    )
    op.create_table(
        "replication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_replication_store", "replication", ["store"])
    op.add_column("pending", sa.Column("pack", sa.String(), nullable=True))
    op.create_index("ix_pending_pack", "pending", ["pack"])
    op.add_column("unstored", sa.Column("retain_until", sa.DateTime(), nullable=True))
    _record_columns()


def _record_columns() -> None:
    for column in (
        sa.Column("pack", sa.String(), nullable=True),
        sa.Column("pack_place", sa.LargeBinary(), nullable=True),
        sa.Column("first_lock", sa.DateTime(), nullable=True),
        sa.Column("retain_until", sa.DateTime(), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("destroyed", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("record", column)
    op.create_index("ix_record_pack", "record", ["pack"])
    op.create_index("ix_record_retain_until", "record", ["retain_until"])
