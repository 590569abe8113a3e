"""The public package USB (`semilearn`) made to run on a CPU, for scripts that stand ours beside it.

It is no dependency of ours: `pip install --no-deps semilearn==0.3.2` into an environment that sees
torch, torchvision, Pillow, scipy, ruamel.yaml and ferkit is enough, as what else it imports and
these scripts don't use (speech, text, logging services) is stood in for by empty modules.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import logging
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from torch import Tensor, nn

UNUSED = (
    "aim",
    "progress",
    "skimage",
    "sklearn",
    "timm",
    "torch.utils.tensorboard",
    "torchaudio",
    "tqdm",
    "transformers",
    "wandb",
)
"""What USB imports at once, and no step on images needs."""


class Empty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of these names, and all below them, as ones that hold an empty class for every
    name asked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not _unused(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        def empty(name: str) -> type:
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {})

        module.__getattr__ = empty  # type: ignore[method-assign]


def _unused(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in UNUSED)


def need_usb() -> None:
    """End the script with a sentence where USB is not installed."""
    if importlib.util.find_spec("semilearn") is None:
        print("Left out: USB is not installed here. Try: pip install --no-deps semilearn==0.3.2")
        sys.exit(0)


def load_usb() -> None:
    """Import USB, on a CPU; ends the script where it is not installed.

    Tensors and modules stay where they are when asked to move to a GPU.
    """
    need_usb()
    warnings.simplefilter("ignore")
    stand_in = Empty()
    had = {name: module for name, module in sys.modules.items() if _unused(name)}
    for name in had:
        del sys.modules[name]
    sys.meta_path.insert(0, stand_in)
    try:
        importlib.import_module("semilearn")
    finally:
        sys.meta_path.remove(stand_in)
        for name in [name for name in sys.modules if _unused(name)]:
            del sys.modules[name]
        sys.modules.update(had)
    Tensor.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign]
    nn.Module.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign]
    config = importlib.import_module("semilearn.lighting.config")
    config.get_port = lambda: 0  # type: ignore[attr-defined]


def usb_algorithm(name: str, network: Callable[..., nn.Module], **settings: object) -> Any:
    """USB's algorithm with its own hooks and optimiser; no data set of its own.

    Args:
        name: as USB calls it. network: makes the module; gets `num_classes` and more by name.
        settings: of USB's configuration.
    """
    lighting = importlib.import_module("semilearn.lighting")
    algorithms = importlib.import_module("semilearn.algorithms")
    fields: Mapping[str, object] = {
        "algorithm": name,
        "dataset": "none",
        "gpu": None,
        "distributed": False,
        "use_wandb": False,
        "use_aim": False,
        "save_name": name,
        **settings,
    }
    quiet = logging.getLogger("usb")
    quiet.setLevel(logging.WARNING)
    with contextlib.redirect_stdout(io.StringIO()):
        made = algorithms.get_algorithm(lighting.get_config(dict(fields)), network, None, quiet)
    without = ("TimerHook", "EvaluationHook", "CheckpointHook")  # of CUDA's clock; not of a step
    made._hooks = [hook for hook in made._hooks if hook.name not in without]
    made.hooks_dict = {hook.name: hook for hook in made._hooks}
    return made
