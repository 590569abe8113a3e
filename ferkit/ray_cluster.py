"""Joining a Ray cluster, or starting one on this machine for the time of a command."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from ferkit.errors import FerkitError

START = "'ray start --head' starts one; leave --ray-address out for this machine alone."
LOCAL = "local"
"""Address that means a cluster of this machine alone, started for the job."""


def import_ray() -> Any:
    """The package ray.

    Raises: FerkitError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise FerkitError(
            "the engine 'ray' needs the package ray, which is not installed.",
            hint="pip install 'ferkit[ray]'",
        ) from error
    return ray


def connect(ray: Any, address: str | None, *, cpus: int | None = None) -> bool:
    """Join a cluster, or start one.

    Args:
        address: of an existing cluster ("host:port", "ray://host:port", "auto"); None or "local":
            one is started on this machine.
        cpus: of a cluster that is started; None: this machine's.
    Returns: whether it is the caller's to end.
    Raises: FerkitError: no cluster answers.
    """
    _silence()
    if ray.is_initialized():
        return False
    # One line of Ray's C++ part stays, on constructor arguments in the object store. Only
    # RAY_BACKEND_LOG_LEVEL=fatal or workers that are not replaced would keep it off.
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None or address == LOCAL:
        # Ray's own way is to let its workers wait behind everything else on the machine.
        os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(address=LOCAL, num_cpus=cpus, include_dashboard=False, **quiet)
        return True
    _refuse_silence(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise FerkitError(
            f"no Ray cluster answers at '{address}': {error}.",
            hint=START,
        ) from error
    return True


def _silence() -> None:
    """Keep the messages of Ray's own processes off the screen: whoever uses it says what broke."""
    printing: Any = sys.modules.get("ray._private.worker")
    if hasattr(printing, "_worker_logs_enabled"):  # there is no public way
        printing._worker_logs_enabled = False


def _refuse_silence(address: str) -> None:
    """Ray itself would try an address where nobody listens for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # such as "auto"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        raise FerkitError(
            f"no Ray cluster answers at '{address}': {error.strerror or error}.", hint=START
        ) from error


def cause_of(error: BaseException) -> BaseException:
    """What a worker raised, out of Ray's wrappers."""
    seen = {id(error)}
    while not isinstance(error, FerkitError):
        inner = getattr(error, "cause", None) or error.__cause__
        if not isinstance(inner, BaseException) or id(inner) in seen:
            break
        seen.add(id(inner))
        error = inner
    return error
