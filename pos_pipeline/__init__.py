"""The POS pipeline: every sale of every till, exact to the cent, in one warehouse.

Rooms, and the arrows between them (an arrow is an import, and points down only;
import-linter holds them):

    cli · definitions                 composition, nothing imports them
    sensors
    assets · sandbox                  Dagster nouns · simulated POS clouds
    providers                         one folder per POS
    services                          what a process needs, built once
    extract · history · transform · events · sync_log
    accounts · http · provider        grants and tokens · one client · the contract every POS fills in
    warehouse                         Postgres: embedded server, connections, migrations
    settings · errors · money

Nothing here reads the environment, opens a connection or builds a pipeline on import.
"""
