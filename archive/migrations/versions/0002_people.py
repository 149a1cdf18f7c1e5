"""Registers, revocations, and a pending table that keeps the order of acceptance."""

import sqlalchemy as sa
from alembic import op

from archive.column_types import counted_type, text_type, time_type

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables; waiting entries keep their order by id, as the version before took them."""
    op.create_table(
        "register",
        sa.Column("shelf", text_type(), nullable=False),
        sa.Column("key", text_type(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shelf", "key"),
    )
    op.create_table(
        "revocation",
        sa.Column("serial", text_type(), nullable=False),
        sa.Column("revoked_at", time_type(), nullable=False),
        sa.Column("since", time_type(), nullable=False),
        sa.Column("reason", text_type(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    _ordered_pending()
    with op.batch_alter_table("access") as table:
        table.alter_column("person", existing_type=text_type(), nullable=True)
        table.add_column(
            sa.Column("concealed", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def _ordered_pending() -> None:
    op.rename_table("pending", "pending_before")
    op.create_table(
        "pending",
        sa.Column("number", counted_type(), nullable=False),
        sa.Column("id", text_type(), nullable=False),
        sa.Column("kind", text_type(), nullable=False),
        sa.Column("stream", text_type(), nullable=False),
        sa.Column("actor", text_type(), nullable=False),
        sa.Column("at", time_type(), nullable=False),
        sa.Column("subject", text_type(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO pending (id, kind, stream, actor, at, subject, body, urgent) "
        "SELECT id, kind, stream, actor, at, subject, body, urgent FROM pending_before ORDER BY id"
    )
    op.drop_table("pending_before")
