"""Fixtures: a service on each database, and a carrier behind it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import World, a_database, empty, migrated, world_on
from killing import parent_at_hand

POSTGRES = os.environ.get("TRUNKLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture(scope="session", autouse=True)
def one_parent_of_the_killed() -> Iterator[None]:
    """Importing all of the service takes longer than most tests."""
    with parent_at_hand():
        yield


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of a PostgreSQL server that tests may make databases on."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        if "postgres" in os.environ.get("TRUNKLINE_REQUIRE", ""):
            pytest.fail(f"no PostgreSQL server answers at {POSTGRES}")
        pytest.skip(
            "no PostgreSQL server answers; run one and: "
            "TRUNKLINE_TEST_POSTGRES=postgresql://postgres@127.0.0.1:5432/test pytest tests/service"
        )
    return POSTGRES


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> Iterator[str]:
    """The URL of a database that has the schema and nothing else; each test that uses it empties it."""
    with a_database(postgres) as url:
        yield migrated(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has the schema and nothing else."""
    file = tmp_path_factory.mktemp("migrated") / "service.db"
    migrated(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A database of one's own on SQLite."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of one's own with the present schema, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    url: str = request.getfixturevalue("migrated_postgres")
    yield url
    # Making a database anew takes many times as long.
    empty(url)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same without a schema: how each database begins."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'service.db'}"
        return
    with a_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def any_world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A service on each database in turn."""
    with world_on(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A service on SQLite, where the database makes no difference."""
    with world_on(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service on SQLite for all tests of a module: for those that leave no trace in it."""
    folder = tmp_path_factory.mktemp("shared")
    with world_on(f"sqlite:///{folder / 'service.db'}", folder) as made:
        yield made
