"""The words of `pos-pipeline`: one module per command or group of commands.

A module here whose name does not begin with an underscore exports `register(app)`, which adds its
commands. Adding a file adds a command; `cli.py` composes and nothing else lists them.

What a command is: it reads its arguments, calls the core, and shows one result. It decides nothing
the core would have to decide again for the gateway or for Dagster.

Rules that tests hold: everything but typer and rich is imported inside the command, so that `--help`
answers at once; every command takes `--json`; standard output carries the result only, progress and
errors go to standard error; no secret is ever an argument.
"""
