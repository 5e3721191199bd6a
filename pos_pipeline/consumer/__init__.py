"""What other services tell us: a small process between their exchanges and our tables.

    exchange `sales` ────────┐                        ┌──▶ pos.sync_requests   (a window is read again)
                             ├──▶ queue `pos.commands` ├──▶ pos.accounts        (due now)
    exchange `orchestrator` ─┘           │             └──▶ pos.sales_deliveries (answered for)
                                         └─ cannot be acted upon ──▶ queue `pos.commands.dead`

`messages` holds what may come, `apply` does what one asks for, `listening` is the process. A message is acknowledged
after the commit of what it asked for, and acted upon once however often it comes. Syncs are not done here: the
sensors find what was asked for. The contract with the other services is in `pos_pipeline/events/README.md`.
"""
