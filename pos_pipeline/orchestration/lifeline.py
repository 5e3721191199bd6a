"""Runs a module as a child that does not outlive its supervisor, however that one ends.

`python -m pos_pipeline.orchestration.lifeline FD MODULE [ARGUMENT…]`: FD is the reading end of a pipe
whose writing end only the supervisor holds. When it closes, and the kernel closes it for a process
that was killed too, the child's whole process group ends.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 3.0


def main() -> None:
    """Watch the pipe in a thread and become the module."""
    descriptor, module, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(descriptor),), name="lifeline", daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
