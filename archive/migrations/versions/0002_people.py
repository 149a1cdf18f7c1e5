"""Registers, revocations, and a pending table that keeps the order of acceptance."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables; waiting entries keep their order by id, as the version before took them."""
    op.create_table(
        "register",
        sa.Column("shelf", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shelf", "key"),
    )
    op.create_table(
        "revocation",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    _ordered_pending()
    with op.batch_alter_table("access") as table:
        table.alter_column("person", existing_type=sa.String(), nullable=True)
        table.add_column(
            sa.Column("concealed", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def _ordered_pending() -> None:
    op.rename_table("pending", "pending_before")
    op.create_table(
        "pending",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
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
