"""What the pipeline costs, measured against its budgets: `make bench`.

    raw_load           pages to committed raw rows, beside a bare COPY and default dlt
    sandbox_to_marts   HTTP to marts, beside dlt's rest_api that stops at raw
    quiet_sync         a second sync with nothing new
    far_history        a shop's past from a POS that is 100 ms away, and a live sync beside it
    long_history       new rows through dbt on a short and a long past

    measure   CPU, wall time and memory of a piece of work, each in a process of its own
    server    databases on the embedded server (or DATABASE_URL's), and its CPU
    report    rows of the tables: figures, ratios, budgets

Figures are comparisons made within one run; no test asserts a time.
"""
