"""The POS pipeline: every sale of every till, exact to the cent, in one warehouse.

Rooms, and the arrows between them (an arrow is an import, and points down only;
import-linter holds them):

    cli · commands                    composition, nothing imports them
    orchestration.{dev, runs, worker} processes: the supervisor, jobs in this process, the warm worker
    definitions · sensors             what Dagster is told · when it acts
    assets · sandbox                  Dagster nouns · simulated POS clouds
    gateway · consumer                what is asked for over HTTP · over RabbitMQ
    orchestration                     what is due, the instance, its storage and launcher
    extract · transform · catalog     a POS to raw rows (dlt) · raw rows to marts (dbt) · which product is which
    lineage                           from a row of a mart back to what the POS sent; beside these three
    exports                           marts to Parquet files, and questions to them (DuckDB)
    events · sync_log                 what others are told · what every sync did
    accounts                          grants, tokens, linking, the door to a POS
    services                          what a process needs, built once
    providers                         one folder per POS
    http · warehouse                  one client · Postgres: embedded server, connections, migrations
    provider · settings · errors      the contract every POS fills in · the environment · every named failure

Nothing here reads the environment, opens a connection or builds a pipeline on import.
"""
