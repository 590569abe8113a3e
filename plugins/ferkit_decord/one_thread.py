"""Items that are made in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def from_one_thread(
    make: Callable[[threading.Event], Generator[Item, None, None]],
) -> Iterator[Item]:
    """The items of a generator, each made in one and the same thread when it is asked for.

    Signal handlers, such as that of Ctrl-C, run in a program's first thread only. Where C code
    calls Python code, what they raise would be lost.

    Args:
        make: called with an event that is set when no more items are wanted, possibly while one is
            being made; the generator may then end early.
    """
    unwanted = threading.Event()
    items = make(unwanted)
    thread = ThreadPoolExecutor(1, thread_name_prefix="decord")
    try:
        while (made := thread.submit(_next, items).result()) is not None:
            yield made[0]
            del made  # the next one is made without it
    finally:
        unwanted.set()
        thread.shutdown()
        items.close()


def _next(items: Iterator[Item]) -> tuple[Item] | None:
    for item in items:
        return (item,)
    return None
