"""Where a figure comes from: from a row of the marts back to what the POS sent.

    mart row ──▶ transactions ──▶ group ──▶ objects ──▶ raw versions ──▶ load ──▶ run, sync, webhooks
                     └─ lines ──▶ mapping

`transactions` begins with a transaction, `cells` with a row of a daily mart, `origins` holds what both end in,
`redaction` makes payloads fit to be shown. Everything is read in one snapshot and nothing is written. Raw tables
have no index by id, because every load would pay for it: a look-up reads the stream's whole table.
"""

from pos_pipeline.lineage.cells import CELLS, explain_cell
from pos_pipeline.lineage.transactions import explain_transaction

__all__ = ["CELLS", "explain_cell", "explain_transaction"]
