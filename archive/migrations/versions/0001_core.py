"""The tables of the evidence core."""

import sqlalchemy as sa
from alembic import op

from archive.column_types import counted_type, number_type, text_type, time_type

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "access",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("record", text_type(), nullable=False),
        sa.Column("person", text_type(), nullable=False),
        sa.Column("at", time_type(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "entry",
        sa.Column("log", text_type(), nullable=False),
        sa.Column("idx", number_type(), nullable=False),
        sa.Column("stream", text_type(), nullable=False),
        sa.Column("seq", number_type(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("pending", text_type(), nullable=True),
        sa.PrimaryKeyConstraint("log", "idx"),
        sa.UniqueConstraint("pending"),
        sa.UniqueConstraint("stream", "seq"),
    )
    op.create_table(
        "head",
        sa.Column("log", text_type(), nullable=False),
        sa.Column("year", number_type(), nullable=False),
        sa.Column("size", number_type(), nullable=False),
        sa.Column("signed", number_type(), nullable=False),
        sa.Column("published", number_type(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("fence", number_type(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("log"),
    )
    op.create_table(
        "intake",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("source", text_type(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("dev", number_type(), nullable=False),
        sa.Column("ino", number_type(), nullable=False),
        sa.Column("size", number_type(), nullable=False),
        sa.Column("mtime_ns", number_type(), nullable=False),
        sa.Column("ctime_ns", number_type(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sidecar_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("state", text_type(), nullable=False),
        sa.Column("record", text_type(), nullable=True),
        sa.Column("pending", text_type(), nullable=True),
        sa.Column("release", text_type(), nullable=False),
        sa.Column("moved_to", sa.LargeBinary(), nullable=True),
        sa.Column("sidecar_moved_to", sa.LargeBinary(), nullable=True),
        sa.Column("at", time_type(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        *_one_row_for_a_drop(),
    )
    _long_paths()
    op.create_index(op.f("ix_intake_state"), "intake", ["state"], unique=False)
    op.create_table(
        "outage",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("reason", text_type(), nullable=False),
        sa.Column("since", time_type(), nullable=False),
        sa.Column("until", time_type(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pending",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("kind", text_type(), nullable=False),
        sa.Column("stream", text_type(), nullable=False),
        sa.Column("actor", text_type(), nullable=False),
        sa.Column("at", time_type(), nullable=False),
        sa.Column("subject", text_type(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pki",
        sa.Column("sha256", text_type(), nullable=False),
        sa.Column("kind", text_type(), nullable=False),
        sa.Column("issuer", text_type(), nullable=False),
        sa.Column("number", number_type(), nullable=False),
        sa.Column("next_update", time_type(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "record",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("log", text_type(), nullable=False),
        sa.Column("idx", number_type(), nullable=False),
        sa.Column("source", text_type(), nullable=False),
        sa.Column("name", text_type(), nullable=False),
        sa.Column("name_raw", sa.LargeBinary(), nullable=False),
        sa.Column("folder", text_type(), nullable=False),
        sa.Column("folder_raw", sa.LargeBinary(), nullable=False),
        sa.Column("size", number_type(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sidecar_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", text_type(), nullable=False),
        sa.Column("case_no", text_type(), nullable=True),
        sa.Column("category", text_type(), nullable=True),
        sa.Column("stage", text_type(), nullable=True),
        sa.Column("unit", text_type(), nullable=True),
        sa.Column("officers", text_type(), nullable=True),
        sa.Column("captured_start", time_type(), nullable=True),
        sa.Column("captured_end", time_type(), nullable=True),
        sa.Column("received_at", time_type(), nullable=False),
        sa.Column("title", text_type(), nullable=True),
        sa.Column("preview", text_type(), nullable=True),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_record_case_no"), "record", ["case_no"], unique=False, postgresql_using="hash"
    )
    op.create_index(op.f("ix_record_received_at"), "record", ["received_at"], unique=False)
    op.create_index(op.f("ix_record_sha256"), "record", ["sha256"], unique=False)
    op.create_index(op.f("ix_record_source"), "record", ["source"], unique=False)
    op.create_table(
        "seal",
        sa.Column("log", text_type(), nullable=False),
        sa.Column("size", number_type(), nullable=False),
        sa.Column("previous", number_type(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("p7s", sa.LargeBinary(), nullable=False),
        sa.Column("tst", sa.LargeBinary(), nullable=True),
        sa.Column("gen_time", time_type(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("token_linked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("log", "size"),
    )
    op.create_table(
        "source",
        sa.Column("id", text_type(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("state", text_type(), nullable=False),
        sa.Column("label", text_type(), nullable=True),
        sa.Column("kind", text_type(), nullable=True),
        sa.Column("unit", text_type(), nullable=True),
        sa.Column("first_seen", time_type(), nullable=False),
        sa.Column("last_seen", time_type(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tile_root",
        sa.Column("log", text_type(), nullable=False),
        sa.Column("level", number_type(), nullable=False),
        sa.Column("number", number_type(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "level", "number"),
    )
    op.create_table(
        "unstored",
        sa.Column("id", counted_type(), nullable=False),
        sa.Column("pending", text_type(), nullable=False),
        sa.Column("key", text_type(), nullable=False),
        sa.Column("path", text_type(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("size", number_type(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_unstored_pending"), "unstored", ["pending"], unique=False)


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _one_row_for_a_drop() -> list[sa.UniqueConstraint]:
    names = ("source", "path", "dev", "ino", "size", "mtime_ns", "ctime_ns")
    return [] if _on_postgresql() else [sa.UniqueConstraint(*names)]


def _long_paths() -> None:
    """PostgreSQL takes no more than 2,704 bytes into a B-tree, and a path may have 4,096."""
    if _on_postgresql():
        columns = "source, sha256(path), dev, ino, size, mtime_ns, ctime_ns"
        op.execute(f"CREATE UNIQUE INDEX one_row_for_a_drop ON intake ({columns})")
        op.execute("CREATE INDEX ix_intake_path ON intake USING hash (path)")
