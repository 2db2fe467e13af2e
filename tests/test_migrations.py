"""Migrations go up, down and up with data in the tables, on both engines, and end where the models are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr

from config import Settings
from portal import create_app, db
from portal.cli import alembic_config, upgrade_database
from portal.web import Edge
from tests import factories
from tests.conftest import BACKENDS, SECRET
from tests.factories import Network


@pytest.fixture(params=BACKENDS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Edge]:
    """An app on a database without any table."""
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_url")
        admin = sa.create_engine(
            f"{server}/postgres".replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE migrations")
        url = f"{server}/migrations"
    settings = Settings(
        secret_key=SecretStr(SECRET),
        base_url="https://portal.test",
        data_dir=tmp_path,
        database_url=url,
        environment="test",
    )
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine().dispose()
    if request.param == "postgresql":
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE migrations")
        admin.dispose()


def differences() -> list[object]:
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = compare_metadata(context, db.Base.metadata)
    return found


def test_migrations_end_where_the_models_are(fresh: Edge) -> None:
    upgrade_database()
    assert differences() == []


def test_up_with_data_down_and_up_again(fresh: Edge) -> None:
    upgrade_database()
    network = Network()
    network.make()
    factories.things(network, network.group)
    db.commit()
    db.session.remove()
    command.downgrade(alembic_config(), "base")
    left = set(sa.inspect(db.engine()).get_table_names())
    assert left <= {"alembic_version"}
    upgrade_database()
    assert differences() == []
