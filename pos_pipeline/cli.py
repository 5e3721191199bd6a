"""`pos-pipeline`: composes the commands, and turns errors into one clear line and an exit code.

0    done
1    failed: somebody has to act first (also: `reconcile` found a difference, `doctor` a fault)
2    the command line is wrong
3    a temporary failure: the same command may succeed later
130  interrupted
"""

import importlib
import pkgutil
from typing import Annotated

import typer

from pos_pipeline import commands
from pos_pipeline.commands._output import PANELS
from pos_pipeline.commands._program import Program

HELP = """
Every sale of every till, exact to the cent, in one Postgres warehouse.

Begin with `pos-pipeline demo`, or with `db upgrade`, `tenants create` and `accounts link`.
`doctor` says what is missing. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 temporary failure.
"""


def build() -> typer.Typer:
    """The whole program; every public module of `commands` registers its part."""
    app = typer.Typer(
        cls=Program,
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        context: typer.Context,
        *,
        debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    ) -> None:
        context.obj = {"debug": debug, "json": False}

    for module in pkgutil.iter_modules(commands.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{commands.__name__}.{module.name}").register(app)
    app.registered_commands.sort(key=lambda command: PANELS.index(str(command.rich_help_panel)))
    return app


def main() -> None:
    """Entry point of the console script."""
    build()()
