"""The outermost group: whatever a command raises ends here as two lines and an exit code."""

import logging
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from pos_pipeline.errors import InvalidRequest, Misconfigured, PipelineError, Retryable, WarehouseUnavailable

FAILED, USAGE, TEMPORARY = 1, 2, 3


class Program(TyperGroup):
    """Maps errors to what a person can do about them; `--debug` shows the traceback as well."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command named on the command line."""
        # pika writes its own account of every refused connection; ours says what to do.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - the last place an error can be explained
            report(ctx, explained(error))
            if ctx.obj and ctx.obj["debug"]:
                typer.echo("".join(traceback.format_exception(error)), err=True)
            raise typer.Exit(exit_code(explained(error))) from None


def report(context: typer.Context, error: PipelineError) -> None:
    """The error on standard error; with `--json` also as an object on standard output."""
    if context.obj and context.obj["json"]:
        import msgspec  # noqa: PLC0415 - only an error needs it

        body = {"type": error.code, "message": str(error), "action_required": error.action_required}
        typer.echo(msgspec.json.encode({"error": body}))
    typer.echo(f"error: {error}", err=True)
    typer.echo(f"what to do: {error.action_required}", err=True)


def exit_code(error: PipelineError) -> int:
    """Which of the documented codes an error ends with."""
    if isinstance(error, InvalidRequest):
        return USAGE
    return TEMPORARY if isinstance(error, Retryable) else FAILED


def explained(error: Exception) -> PipelineError:
    """`error` in our own words.

    The text of an exception we did not name may hold anything, a row of a customer for one, so only
    its type is shown; `--debug` shows the rest to the person who asks for it.
    """
    if isinstance(error, PipelineError):
        return error
    kind = type(error)
    if kind.__module__.partition(".")[0] == "psycopg":
        return _explained_by_postgres(error)
    unexpected = PipelineError(f"unexpected {kind.__module__}.{kind.__name__}.")
    unexpected.action_required = "Run the command again with `pos-pipeline --debug …` and report what it shows."
    return unexpected


def _explained_by_postgres(error: Exception) -> PipelineError:
    import psycopg  # noqa: PLC0415 - it is imported already when such an error arrives here

    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn | psycopg.errors.InvalidSchemaName
    ):
        missing = Misconfigured(f"warehouse: {str(error).partition(chr(10))[0]}.")
        missing.action_required = "Bring the database up to date: pos-pipeline db upgrade"
        return missing
    if isinstance(error, psycopg.OperationalError):
        return WarehouseUnavailable("warehouse: the connection was lost.")
    return PipelineError(f"warehouse: unexpected {type(error).__name__} ({getattr(error, 'sqlstate', None)}).")
