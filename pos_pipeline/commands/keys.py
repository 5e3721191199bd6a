"""`keys`: the keys that seal tokens at rest."""

# ruff: noqa: PLC0415 - `--help` does without the core

import typer

from pos_pipeline.commands._output import SET_UP, Json, show, working
from pos_pipeline.commands._warehouse import opened

app = typer.Typer(help="The keys that seal tokens at rest.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="keys", rich_help_panel=SET_UP)


@app.callback()
def group() -> None:
    """Keep `rotate` a word of its own while it is the only one."""


@app.command()
def rotate(*, as_json: Json = False) -> None:
    """Seal every stored token with the newest key, making that key first unless POS_TOKEN_KEYS is set.

    With POS_TOKEN_KEYS put the new key in front of the old ones, run this everywhere it is set, and
    take the old key away when it reports 0.
    """
    from pos_pipeline.accounts.rotation import rotate_keys

    with opened() as services, working("Sealing tokens with the newest key …"):
        resealed = rotate_keys(services)
        in_settings = bool(services.settings.pos_token_keys)
    where = "POS_TOKEN_KEYS" if in_settings else "the key file in POS_HOME"
    show(as_json, {"resealed": resealed, "keys_from": where}, f"{resealed} rows sealed again; keys are in {where}.")
