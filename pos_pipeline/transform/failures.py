"""What went wrong in dbt, in words that name the model and keep customers' data out."""

import re
from collections.abc import Sequence
from typing import Any

from pos_pipeline.errors import Retryable, WarehouseUnavailable

_VALUE = re.compile(r'(?<=: )"[^"]*"|\([^()]*\)=\([^()]*\)')
_ROW_DETAILS = ("DETAIL", "CONTEXT", "LINE ", "compiled code", "HINT")
LONGEST_MESSAGE = 500


class TransformFailed(Retryable):
    """A model failed. It and what is made from it stay as they were and are run again by the next transform."""

    code = "transform_failed"
    action_required = "Look at the model the message names; the next transform tries it again."


def explain(exception: BaseException | None, results: Sequence[Any]) -> TransformFailed:
    """The first failure of a dbt call.

    Raises:
        WarehouseUnavailable: dbt could not connect.
    """
    if exception is not None:
        if "connect" in type(exception).__name__.lower() or "connection" in str(exception).lower():
            raise WarehouseUnavailable(f"transform: {without_values(str(exception))}") from None
        return TransformFailed(f"transform: dbt stopped: {without_values(str(exception))}")
    failed = [result for result in results if str(result.status) in ("error", "fail", "runtime error")]
    skipped = sum(1 for result in results if str(result.status) == "skipped")
    if not failed:
        return TransformFailed("transform: dbt reports a failure but names no model; run it by hand to see.")
    first = failed[0]
    others = f" {len(failed) - 1} more failed." if len(failed) > 1 else ""
    waiting = f" {skipped} models made from it were skipped." if skipped else ""
    return TransformFailed(f"transform: {first.node.name}: {without_values(str(first.message))}.{others}{waiting}")


def without_values(message: str) -> str:
    """The database's own words without rows, keys or quoted input, which may be a customer's."""
    lines = [line.strip() for line in message.splitlines()]
    kept = [line for line in lines if line and not line.startswith(_ROW_DETAILS) and line != "^"]
    if len(kept) > 1 and kept[0].startswith(("Database Error", "Compilation Error", "Runtime Error")):
        kept = kept[1:]
    return _VALUE.sub("…", " ".join(kept))[:LONGEST_MESSAGE].rstrip(". ")
