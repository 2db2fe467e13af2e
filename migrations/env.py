"""Alembic's environment: runs inside an app context (`flask --app wsgi db upgrade`), on the app's own engine."""

from alembic import context

from portal import db


def run() -> None:
    """Run the migrations in one transaction."""
    with db.engine().connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        context.configure(
            connection=connection, target_metadata=db.Base.metadata, render_as_batch=is_sqlite, compare_type=True,
            transactional_ddl=True,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()


run()
