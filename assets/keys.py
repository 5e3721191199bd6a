"""What assets are called. The UI shows the last part of a key alone, so it says the provider too."""

import dagster as dg

OWNERS = ["team:data-platform"]
"""Who is asked when an asset is red."""


def stream_key(provider: str, stream: str) -> dg.AssetKey:
    """`["square", "square_payments"]`: raw objects of one stream."""
    return dg.AssetKey([provider, f"{provider}_{stream}"])


def history_key(provider: str) -> dg.AssetKey:
    """`["square", "square_history"]`: imported months."""
    return dg.AssetKey([provider, f"{provider}_history"])


def model_key(layer: str, model: str) -> dg.AssetKey:
    """`["marts", "fct_transactions"]`: a dbt model by its layer."""
    return dg.AssetKey([layer, model])


MAPPING_KEY = dg.AssetKey(["mapping", "product_mappings"])
EVENTS_KEY = dg.AssetKey(["events", "published_events"])
EXPORTS_KEY = dg.AssetKey(["exports", "exported_marts"])
