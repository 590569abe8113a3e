"""What timm calls its networks, and what those it does not know were meant to be."""

from __future__ import annotations

from typing import NamedTuple

from ferkit import suggest


class UnknownName(NamedTuple):
    """what: is wrong with a name. hint: what to write instead."""

    what: str
    hint: str


def unknown_name(name: str) -> UnknownName | None:
    """What is wrong with a network's name, with or without that of a training; None: nothing.

    timm is imported here, which takes a second or two.

    Raises: ImportError: timm can't be imported.
    """
    import timm

    network, _, training = name.partition(".")
    if not timm.is_model(network):
        close = suggest.hint(network, timm.list_models())
        return UnknownName(
            f"timm {timm.__version__} has no network {network!r}.",
            f"{close} timm.list_models() lists them.".lstrip(),
        )
    trainings = [one.partition(".")[2] for one in timm.list_models(f"{network}.*", pretrained=True)]
    if training and training not in trainings:
        listed = ", ".join(sorted(trainings)) or "none"
        return UnknownName(
            f"timm {timm.__version__} knows no training {training!r} of {network}.",
            f"It knows: {listed}.",
        )
    return None
