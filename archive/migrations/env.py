"""Alembic's entry: runs the migrations on the URL that archive.database hands over."""

from alembic import context
from sqlmodel import SQLModel

import archive.tables  # noqa: F401 - fills SQLModel.metadata
from archive.database import Database

config = context.config
database = Database(config.attributes["url"])
with database.write() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata)
    context.run_migrations()
database.close()
