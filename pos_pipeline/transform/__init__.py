"""Raw rows become marts: dbt in this process, over loads claimed from the ledger.

    etl.loads ──claim──▶ batch ──▶ plan (which models are behind) ──▶ dbt ──▶ marts, etl.model_progress
                                                                      │
                                              etl.batches done/failed ◀┘

`run_transform` is the one way in. It may be called at any time by any number of processes: one works,
the others wait and then find little or nothing left. A model that failed stays behind and is run again
by the next call, whatever that call is about. What SQL means is in `dbt_project/`, not here.
"""

from pos_pipeline.transform.checks import TestOutcome, run_tests
from pos_pipeline.transform.failures import TransformFailed
from pos_pipeline.transform.project import ensure_manifest
from pos_pipeline.transform.run import ModelRun, TransformResult, replay, run_transform

__all__ = [
    "ModelRun",
    "TestOutcome",
    "TransformFailed",
    "TransformResult",
    "ensure_manifest",
    "replay",
    "run_tests",
    "run_transform",
]
