"""Alembic's environment: runs inside an app context (`flask --app wsgi db upgrade`), on the app's own engine."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from portal import db


def run() -> None:
    """Run the migrations in one transaction."""
    with db.engine().connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        if is_sqlite:
            # A table is changed there by copying it and dropping the old one, to which other rows still point.
            # Only outside a transaction does SQLite listen to this; the connection goes back to the pool as it was.
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            migrate(connection, is_sqlite)
        finally:
            connection.rollback()
            if is_sqlite:
                driver.execute("PRAGMA foreign_keys=ON")


def migrate(connection: sa.Connection, is_sqlite: bool) -> None:
    """The migrations themselves. Raises `RuntimeError` and changes nothing if rows would point to rows that are not there."""
    context.configure(
        connection=connection, target_metadata=db.Base.metadata, render_as_batch=is_sqlite, compare_type=True,
        transactional_ddl=True,
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()
        if is_sqlite and (lost := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"{len(lost)} rows would point to nothing, the first in table {lost[0][0]}")


run()
