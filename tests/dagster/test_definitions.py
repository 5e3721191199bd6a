import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from assets.models import load_manifest
from pos_pipeline.definitions import build_definitions
from pos_pipeline.errors import Misconfigured
from pos_pipeline.providers import load_providers
from pos_pipeline.settings import PROJECT_ROOT

IMPORTED = """
from pos_pipeline.definitions import defs
print(sorted(job.name for job in defs.get_repository_def().get_all_jobs()))
"""


@pytest.fixture(scope="module")
def specs() -> list[dg.AssetSpec]:
    """Every asset the UI shows."""
    return list(build_definitions().resolve_all_asset_specs())


@pytest.fixture(scope="module")
def graph() -> BaseAssetGraph:
    """The resolved asset graph."""
    return build_definitions().resolve_asset_graph()


def test_import_needs_no_environment() -> None:
    """The code location loads with nothing but PATH set, and has the jobs people name."""
    answer = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", IMPORTED],
        env={"PATH": os.environ["PATH"]},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    for job in ("square_sync", "sync_batch", "sync_windows", "history", "marts", "publish", "checks", "maintenance"):
        assert f"'{job}'" in answer.stdout


def test_every_asset_explains_itself(specs: list[dg.AssetSpec]) -> None:
    """An asset without description, kinds, owner or group is a riddle in the UI; there is none."""
    riddles = [
        spec.key.to_user_string()
        for spec in specs
        if not (spec.description and spec.kinds and spec.owners and spec.group_name and len(spec.kinds) <= 3)
    ]

    assert riddles == []


def test_every_check_and_job_explains_itself() -> None:
    """Checks, jobs, sensors and schedules all say what they are for."""
    definitions = build_definitions()
    repository = definitions.get_repository_def()
    named = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    named += [*repository.sensor_defs, *repository.schedule_defs]
    checks = [spec for check in definitions.asset_checks or [] for spec in check.check_specs]

    assert [thing.name for thing in (*named, *checks) if not thing.description] == []


def test_providers_are_the_same_everywhere(specs: list[dg.AssetSpec]) -> None:
    """A provider is a folder, assets and a word in dbt's variables; the three lists are equal."""
    providers = load_providers()
    with_streams = {spec.tags["pos/provider"] for spec in specs if "pos/provider" in spec.tags}
    manifest = load_manifest(PROJECT_ROOT / "dbt_project")
    with_staging = {
        source["schema"].removeprefix("raw_")
        for source in manifest["sources"].values()
        if source["schema"].startswith("raw_")
    }
    declared = (PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text().splitlines()
    [variable] = [line.partition(":")[2] for line in declared if line.strip().startswith("providers:")]

    assert with_streams == set(providers)
    assert with_staging == set(providers)
    assert {word.strip() for word in variable.strip(" []").split(",")} == set(providers)


def test_every_stream_is_an_asset_that_leads_to_the_marts(specs: list[dg.AssetSpec], graph: BaseAssetGraph) -> None:
    """Each stream of each provider has an asset, and the sales among them are upstream of the marts."""
    keys = {spec.key for spec in specs}

    for name, provider in load_providers().items():
        for stream in provider.streams:
            assert dg.AssetKey([name, f"{name}_{stream.name}"]) in keys
        sales = next(stream.name for stream in provider.streams if stream.counts_as_transactions)
        upstream = dg.AssetSelection.assets(["marts", "fct_transactions"]).upstream().resolve(graph)
        assert dg.AssetKey([name, f"{name}_{sales}"]) in upstream


def test_models_show_their_columns(specs: list[dg.AssetSpec]) -> None:
    """A mart's page lists its columns with type and meaning."""
    [mart] = [spec for spec in specs if spec.key == dg.AssetKey(["marts", "fct_transactions"])]
    columns = {column.name: column for column in mart.metadata["dagster/column_schema"].columns}

    assert columns["total_amount"].type.startswith("numeric")
    assert columns["total_amount"].description


def test_missing_manifest_says_what_to_run(tmp_path: Path) -> None:
    """Without a parsed dbt project the error names the command that parses it."""
    with pytest.raises(Misconfigured, match="make setup"):
        load_manifest(tmp_path)


def test_half_written_manifest_is_named(tmp_path: Path) -> None:
    """A manifest that is not JSON is reported by its path."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps({"nodes": {}})[:-1])

    with pytest.raises(Misconfigured, match=r"manifest\.json is not JSON"):
        load_manifest(tmp_path)
