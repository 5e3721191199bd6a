"""`python -m pos_pipeline.sandbox`: the simulated clouds as a process of their own, on loopback only."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from pos_pipeline.errors import PipelineError
from pos_pipeline.sandbox.cloud import CloudOptions
from pos_pipeline.sandbox.home import is_remembered
from pos_pipeline.sandbox.serving import build_server, listen, open_sandbox
from pos_pipeline.sandbox.shop.merchants import HIGH_STREET, KNOWN_MERCHANTS, MerchantSpec, small_merchants


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line on stdout is JSON and says that it is ready."""
    chosen = _parser().parse_args(arguments)
    try:
        sandbox = open_sandbox(
            seed=chosen.seed,
            days=chosen.days,
            sales_per_day=chosen.sales_per_day,
            merchants=chosen.merchants or (None if is_remembered(chosen.home) else HIGH_STREET),
            anchor=chosen.anchor,
            home=chosen.home,
            cloud_options=CloudOptions(rate_limits=chosen.rate_limits),
        )
        listener = listen(sandbox, chosen.port)
    except (PipelineError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    ready = {"ready": True, "base_urls": {name: sandbox.base_url(name) for name in sandbox.clouds}}
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
    try:
        build_server(sandbox).run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()
        sandbox.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pos_pipeline.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8099, help="0 picks a free one")
    parser.add_argument("--home", type=Path, help="folder that remembers the world; without one it is forgotten")
    parser.add_argument("--seed", type=int, help="default 1")
    parser.add_argument("--days", type=int, help="length of the history, default 90")
    parser.add_argument("--sales-per-day", type=float, help="per location, on average; default 20")
    parser.add_argument(
        "--anchor", type=_moment, help="end of the history, such as 2026-09-18T12:00:00Z; default now, and live"
    )
    parser.add_argument(
        "--merchants",
        type=_merchants,
        help=f"names out of {','.join(KNOWN_MERCHANTS)}, or a number of small ones, with a till at "
        "every provider; default four, each with its own provider",
    )
    parser.add_argument(
        "--no-rate-limits", dest="rate_limits", action="store_false", help="never answer 429 by the documented limits"
    )
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} needs a time zone, such as Z")
    return moment


def _merchants(text: str) -> Sequence[MerchantSpec]:
    if text.isdigit():
        return small_merchants(int(text))
    try:
        return [KNOWN_MERCHANTS[name] for name in text.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"no merchant named {error}; known are {', '.join(KNOWN_MERCHANTS)}") from None


if __name__ == "__main__":
    sys.exit(main())
