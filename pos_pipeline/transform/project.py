"""The dbt project as the runner sees it: its models, what they are made from, and their fingerprints.

Parsed once per process and again only when a file of the project has changed. `target/manifest.json`
is kept for others (Dagster's assets); the runner itself does not read it.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from pos_pipeline.errors import Misconfigured
from pos_pipeline.settings import Settings
from pos_pipeline.transform import engine

IGNORED = {"target", "logs", "dbt_packages"}


@dataclass(frozen=True)
class Node:
    """One relation dbt makes."""

    id: str
    """dbt's unique id, such as `model.pos.fct_transactions`."""
    name: str
    schema: str
    kind: str
    """seed, view or incremental."""
    parents: frozenset[str]
    """Ids of the nodes it reads."""
    sources: frozenset[str]
    """`schema.table` of every source at or above it."""
    fingerprint: str
    """Changes with its SQL, macros, contract, configuration, or those of anything above it; not with descriptions."""


@dataclass(frozen=True)
class Project:
    """A parsed project."""

    manifest: Any
    nodes: Mapping[str, Node]
    raw_tables: Mapping[str, tuple[str, ...]]
    """Tables of `raw_<provider>` that models read, by provider."""

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by their short name."""
        return {node.name: node for node in self.nodes.values()}

    def with_descendants(self, ids: Iterable[str]) -> set[str]:
        """`ids` and everything made from them."""
        found = set(ids)
        for node in self.nodes.values():
            if node.parents & found:
                found.add(node.id)
        return found


_parsed: dict[Path, tuple[str, Project]] = {}


def load_project(settings: Settings) -> Project:
    """The project, parsed if this process has not seen its files as they are now.

    Raises:
        Misconfigured: the project does not parse.
    """
    folder = settings.dbt_project_dir
    stamp = _stamp(folder)
    known = _parsed.get(folder)
    if known is None or known[0] != stamp:
        known = (stamp, read_manifest(_parse(settings)))
        _parsed[folder] = known
    return known[1]


def ensure_manifest(settings: Settings) -> Path:
    """Path of `target/manifest.json`, parsed first when it is missing or older than a file of the project.

    Raises:
        Misconfigured: the project does not parse.
    """
    target = settings.dbt_project_dir / "target"
    manifest, stamp = target / "manifest.json", target / "manifest.stamp"
    target.mkdir(exist_ok=True)
    with _locked(target / "manifest.lock"):
        current = _stamp(settings.dbt_project_dir)
        if not manifest.exists() or not stamp.exists() or stamp.read_text() != current:
            _parse(settings)
            # Written beside and moved, so that no reader sees half of it. POS_HOME may be on another disk.
            beside = target / "manifest.new"
            shutil.copyfile(settings.pos_home / "dbt" / "manifest.json", beside)
            beside.replace(manifest)
            stamp.write_text(current)
    return manifest


def read_manifest(manifest: Any) -> Project:
    """The nodes of dbt's manifest in an order in which parents come first."""
    relations = {
        key: node
        for key, node in manifest.nodes.items()
        if node.resource_type in ("model", "seed") and node.config.enabled
    }
    order = TopologicalSorter({key: _above(node, relations) for key, node in relations.items()}).static_order()
    macros = _Macros(manifest)
    nodes: dict[str, Node] = {}
    for key in order:
        raw = relations[key]
        parents = frozenset(_above(raw, relations))
        own = {
            f"{manifest.sources[s].schema}.{manifest.sources[s].name}"
            for s in raw.depends_on_nodes
            if s in manifest.sources
        }
        nodes[key] = Node(
            id=key,
            name=raw.name,
            schema=raw.schema,
            kind="seed" if raw.resource_type == "seed" else str(raw.config.materialized),
            parents=parents,
            sources=frozenset(own.union(*(nodes[parent].sources for parent in parents))),
            fingerprint=_fingerprint(raw, macros, sorted(nodes[parent].fingerprint for parent in parents)),
        )
    raw_tables: dict[str, tuple[str, ...]] = {}
    for table in sorted({source for node in nodes.values() for source in node.sources if source.startswith("raw_")}):
        schema, name = table.split(".")
        provider = schema.removeprefix("raw_")
        raw_tables[provider] = (*raw_tables.get(provider, ()), name)
    return Project(manifest, nodes, raw_tables)


class _Macros:
    """Fingerprints of this project's macros, each with those it calls."""

    def __init__(self, manifest: Any) -> None:
        self._macros = manifest.macros
        self._project = manifest.metadata.project_name

    def used_by(self, node: Any) -> list[str]:
        """SQL of every macro of the project that making `node` may call, in a stable order."""
        start = set(node.depends_on.macros)
        start.add(f"macro.{self._project}.materialization_{node.config.materialized}_postgres")
        seen: set[str] = set()
        while start:
            name = start.pop()
            macro = self._macros.get(name)
            if macro is None or macro.package_name != self._project or name in seen:
                continue
            seen.add(name)
            start.update(macro.depends_on.macros)
        return [self._macros[name].macro_sql for name in sorted(seen)]


def _above(node: Any, relations: Mapping[str, Any]) -> list[str]:
    return [parent for parent in node.depends_on_nodes if parent in relations]


def _fingerprint(node: Any, macros: _Macros, parents: list[str]) -> str:
    config = node.config.to_dict(omit_none=True)
    facts = {
        "code": node.raw_code if node.resource_type == "model" else node.checksum.checksum,
        "config": {key: config.get(key) for key in ("materialized", "indexes", "meta", "post-hook", "column_types")},
        "columns": [(c.name, c.data_type, [str(x.type) for x in c.constraints]) for c in node.columns.values()],
        "constraints": [(str(c.type), list(c.columns)) for c in getattr(node, "constraints", [])],
        "schema": node.schema,
        "macros": macros.used_by(node),
        "parents": parents,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _parse(settings: Settings) -> Any:
    target = settings.pos_home / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    with _locked(target / "parse.lock"):
        outcome = engine.invoke(("parse", "--write-json"), project_dir=settings.dbt_project_dir, target_dir=target)
    if not outcome.success:
        raise Misconfigured(
            f"dbt: {settings.dbt_project_dir} does not parse ({outcome.exception}). Correct the project."
        )
    return outcome.result


def _stamp(folder: Path) -> str:
    """Changes when a file of the project is added, removed or written."""
    seen = [
        f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}"
        for path in sorted(_files(folder))
        for stat in [path.stat()]
    ]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in IGNORED:
                yield from _files(entry)
        elif entry.suffix in {".sql", ".yml", ".csv"}:
            yield entry


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
