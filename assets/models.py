"""What dbt's manifest says about the models, in Dagster's words. Reads the manifest, runs nothing."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

from assets.keys import OWNERS, model_key, stream_key
from pos_pipeline.errors import Misconfigured
from pos_pipeline.warehouse.migrate import raw_schema

MARTS = "marts"

Manifest = Mapping[str, Any]

DBT_NODE = "dbt_unique_id"
"""Metadata entry that leads from an asset or a check back to dbt's own name."""


def load_manifest(dbt_project: Path) -> Manifest:
    """The parsed project.

    Raises:
        Misconfigured: it was not parsed yet, or the file is broken.
    """
    path = dbt_project / "target" / "manifest.json"
    try:
        manifest: Manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise Misconfigured(f"dbt: {path} does not exist. Run `make setup`, which parses the dbt project.") from None
    except ValueError as error:
        raise Misconfigured(f"dbt: {path} is not JSON ({error}). Run `make setup`, which writes it anew.") from None
    return manifest


def model_specs(manifest: Manifest, providers: list[str]) -> list[dg.AssetSpec]:
    """One asset per model, upstream models and raw streams as its dependencies; parents come first."""
    specs = {node["unique_id"]: _spec(manifest, node, providers) for node in _nodes(manifest, "model")}
    parents = {name: [one for one in manifest["nodes"][name]["depends_on"]["nodes"] if one in specs] for name in specs}
    return [specs[name] for name in TopologicalSorter(parents).static_order()]


def _spec(manifest: Manifest, node: Mapping[str, Any], providers: list[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(node),
        deps=sorted({key for one in node["depends_on"]["nodes"] if (key := _upstream(manifest, one, providers))}),
        description=node["description"] or f"The dbt model {node['name']}.",
        group_name=_layer(node),
        kinds={"dbt", "postgres", "view" if node["config"]["materialized"] == "view" else "table"},
        owners=OWNERS,
        metadata={
            "dagster/table_name": f"{node['schema']}.{node['name']}",
            "dagster/column_schema": _columns(node),
            "file": node["original_file_path"],
            DBT_NODE: node["unique_id"],
        },
        skippable=_layer(node) != MARTS,  # a skipped mart would skip what depends on the marts, the events
    )


def test_specs(manifest: Manifest) -> list[dg.AssetCheckSpec]:
    """One check per dbt data test, on the model it is attached to."""
    return [
        dg.AssetCheckSpec(
            check_name(node["name"]),
            asset=_key(manifest["nodes"][model]),
            description=node["description"] or f"dbt test {node['name']} in {node['original_file_path']}.",
            metadata={DBT_NODE: node["unique_id"]},
        )
        for node in _nodes(manifest, "test")
        if (model := _tested(node))
    ]


def check_name(test: str) -> str:
    """A dbt test's name in letters Dagster allows."""
    return re.sub(r"\W", "_", test)


def _nodes(manifest: Manifest, kind: str) -> Iterator[Mapping[str, Any]]:
    nodes = manifest["nodes"]
    return (nodes[name] for name in sorted(nodes) if nodes[name]["resource_type"] == kind)


def _key(node: Mapping[str, Any]) -> dg.AssetKey:
    return model_key(_layer(node), node["name"])


def _layer(node: Mapping[str, Any]) -> str:
    """staging, intermediate or marts: the folder a model lies in."""
    return str(node["fqn"][1])


def _upstream(manifest: Manifest, unique_id: str, providers: list[str]) -> dg.AssetKey | None:
    """The asset behind a dependency; None for seeds and control tables, which no run makes."""
    kind = unique_id.partition(".")[0]
    if kind == "model":
        return _key(manifest["nodes"][unique_id])
    if kind == "source":
        source = manifest["sources"][unique_id]
        for provider in providers:
            if source["schema"] == raw_schema(provider):
                return stream_key(provider, source["name"])
    return None


def _tested(node: Mapping[str, Any]) -> str | None:
    """The model a test is about: the one it is attached to, else the first it reads."""
    models = [one for one in node["depends_on"]["nodes"] if one.startswith("model.")]
    attached = node.get("attached_node") or ""
    return attached if attached.startswith("model.") else next(iter(models), None)


def _columns(node: Mapping[str, Any]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column["name"], type=column.get("data_type") or "?", description=column.get("description") or None
            )
            for column in node["columns"].values()
        ]
    )
