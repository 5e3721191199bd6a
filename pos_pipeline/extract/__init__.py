"""From a POS to committed raw rows, exactly once in effect.

    plan ──▶ reading (threads) ──▶ flow (bounded queue) ──▶ raw (dlt, COPY) ──▶ commit (one transaction)

`sync_live` reads what changed, `sync_window` a historical interval. Orchestration lives elsewhere;
this package neither schedules nor retries a sync, it reports what happened.
"""

from pos_pipeline.extract.sync import SyncOutcome, sync_live, sync_window

__all__ = ["SyncOutcome", "sync_live", "sync_window"]
