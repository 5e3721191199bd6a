"""The URLs given out are taken by every library that connects."""

from pathlib import Path

import dlt
import psycopg2
import pytest
import sqlalchemy as sa
from dbt.cli.main import dbtRunner
from psycopg.conninfo import conninfo_to_dict

from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.embedded import dagster_url, warehouse_url


def test_psycopg2(running: Settings) -> None:
    """The older driver, which dbt and dlt bring, takes the URL."""
    connection = psycopg2.connect(warehouse_url(running))
    name = connection.info.dbname
    connection.close()

    assert name == "pos"


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy(running: Settings, driver: str) -> None:
    """SQLAlchemy takes the URL with either driver."""
    engine = sa.create_engine(sa.make_url(warehouse_url(running)).set(drivername=f"postgresql+{driver}"))
    with engine.connect() as connection:
        name = connection.execute(sa.text("select current_database()")).scalar_one()
    engine.dispose()

    assert name == "pos"


def test_dagster_storage(running: Settings) -> None:
    """Dagster's URL names its driver, and its database is there."""
    engine = sa.create_engine(dagster_url(running))
    with engine.connect() as connection:
        name = connection.execute(sa.text("select current_database()")).scalar_one()
    engine.dispose()

    assert engine.driver == "psycopg2"
    assert name == "dagster"


def test_dlt(running: Settings, tmp_path: Path) -> None:
    """The loader opens its client by the URL; it would refuse one without a password."""
    pipeline = dlt.pipeline(
        "drivers",
        pipelines_dir=str(tmp_path),
        destination=dlt.destinations.postgres(warehouse_url(running)),
        dataset_name="drivers",
    )
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select current_database()")

    assert rows == [("pos",)]


def test_dbt(running: Settings, tmp_path: Path) -> None:
    """The models' tool connects by the parts that the URL is taken apart into."""
    parts = conninfo_to_dict(warehouse_url(running))
    (tmp_path / "dbt_project.yml").write_text("{name: drivers, profile: drivers, version: '1.0', config-version: 2}")
    (tmp_path / "profiles.yml").write_text(
        f"""
drivers:
  target: here
  outputs:
    here: {{type: postgres, host: '{parts["host"]}', port: 5432, user: {parts["user"]}, pass: {parts["password"]},
           dbname: {parts["dbname"]}, schema: public}}
"""
    )
    place = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path), "--log-path", str(tmp_path)]
    result = dbtRunner().invoke(["--quiet", "debug", "--connection", *place])

    assert result.success
