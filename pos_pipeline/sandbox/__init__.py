"""Simulated POS clouds with a shop behind them.

    shop/     what happens at the tills, provider-neutral, with a ledger of truth
    square/   those events as Square's cloud shows them
    control   /_sandbox: advance the world, ask for the truth, switch faults on

    with running_sandbox(days=7) as sandbox:
        ...  # sandbox.base_url("square"), sandbox.advance(sales=5), sandbox.truth()

Nothing here reads the pipeline's own code beyond its error types: the sandbox must not agree
with the pipeline by sharing its mistakes.
"""

from pos_pipeline.sandbox.cloud import CloudOptions
from pos_pipeline.sandbox.sandbox import Sandbox
from pos_pipeline.sandbox.serving import open_sandbox, running_sandbox

__all__ = ["CloudOptions", "Sandbox", "open_sandbox", "running_sandbox"]
