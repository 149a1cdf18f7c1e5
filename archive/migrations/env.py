"""Alembic's entry: runs the migrations on the database that archive.database hands over."""

from alembic import context
from sqlmodel import SQLModel

import archive.pki_tables
import archive.tables  # noqa: F401 - fills SQLModel.metadata
from archive import postgresql

config = context.config
database = config.attributes["database"]
with database.write() as connection:
    if database.is_postgresql:
        postgresql.make_schema(connection, database.schema)
    context.configure(connection=connection, target_metadata=SQLModel.metadata)
    context.run_migrations()
