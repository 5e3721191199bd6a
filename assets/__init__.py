"""Dagster assets: adapters that call the core and tell the UI what came of it.

One file per noun: what is read from a POS (`ingest`, `history`, `batches`), what dbt makes of it
(`transform`), what others are told (`events`) or may read as files (`exports`), and what is watched
(`checks`). No SQL about sales, no HTTP, no dbt here: those belong to the core, which knows no Dagster.
"""
