"""Serves a service's application, and serves it again at once when its process is killed."""

import argparse
import ctypes
import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

import uvicorn

_ENDING = (signal.SIGTERM, signal.SIGINT)
_SHORT_LIFE = 1.0
"""Seconds; who does not live longer is not started again at once."""

_SET_PARENT_DEATH_SIGNAL = 1


def serve(factory: str, host: str, port: int) -> None:
    """factory is ``module:function``; drains for ten seconds when told to end."""
    uvicorn.run(
        factory,
        factory=True,
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def keep(work: Callable[[], None]) -> int:
    """Does the work in a child, again for each that is killed; the exit status of the last one.

    A child has all that this process has imported and so begins in a fraction of the time that a
    fresh process takes. One that ends by itself, or because we are told to end, is not replaced.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    told_to_end = False
    while True:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_a_child(work)

        def pass_on(number: int, _: object, child: int = child) -> None:
            nonlocal told_to_end
            told_to_end = True
            os.kill(child, number)

        for number in _ENDING:
            signal.signal(number, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        _, status = os.waitpid(child, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        code = os.waitstatus_to_exitcode(status)
        if told_to_end or code >= 0:
            return max(code, 0)
        print(f"killed by {signal.Signals(-code).name}, starting again", file=sys.stderr)
        time.sleep(max(0.0, began + _SHORT_LIFE - time.monotonic()))


def _be_a_child(work: Callable[[], None]) -> None:
    """Never returns; dies with its parent, so that nothing is left of a killed container."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        work()
    finally:
        sys.stdout.flush()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="shared.server", description=__doc__)
    parser.add_argument("factory", help="module:function")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    sys.path.insert(0, os.getcwd())
    importlib.import_module(arguments.factory.split(":")[0])
    # What the child shares with us is not copied for the sake of counting who uses it.
    gc.collect()
    gc.freeze()
    sys.exit(keep(partial(serve, arguments.factory, arguments.host, arguments.port)))


if __name__ == "__main__":
    main()
