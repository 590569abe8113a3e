"""Random numbers that depend on keys alone, never on the state of a generator.

A number is a hash of (seed, keys..., counter). So it is the same whatever the batch, the
worker, the rank or the moment of a resumption: whoever knows the keys draws the same number,
on every device. The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

Key = int | str | Tensor
"""A number, a word, or one number per sample: (N,) int64."""

_WEYL = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: steps of the counter
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = (1 << 64) - 1


def uniform(seed: int, *keys: Key, count: int) -> Tensor:
    """Draw `count` numbers for every sample.

    Args:
        seed: the run's seed.
        keys: what else the numbers depend on, such as the epoch, the sample ids and the name of
            the view. Tensors (N,) int64 share one length and device; the order of keys matters.
        count: numbers per sample.
    Returns: (N, count) float32 in [0, 1), on the tensors' device; N = 1 without tensors.
    """
    state = _state(seed, keys)  # (N,)
    steps = torch.arange(1, count + 1, device=state.device) * _signed(_WEYL)
    bits = _mix(state[:, None] + steps)
    return _shift(bits, 40).to(torch.float32) * 2.0**-24  # 24 bits: exact in float32


def permutation(seed: int, *keys: int | str, n: int) -> Tensor:
    """Shuffle 0 .. n-1 by the keys.

    Returns: (n,) int64 on the CPU.
    """
    state = _state(seed, keys)
    steps = torch.arange(1, n + 1) * _signed(_WEYL)
    return torch.argsort(_mix(state + steps), stable=True)


def generator(seed: int, *keys: int | str) -> torch.Generator:
    """A generator on the CPU that starts from the keys, for code that draws in sequence."""
    made = torch.Generator()
    made.manual_seed(int(_shift(_state(seed, keys), 1)[0]))
    return made


def text_key(text: str) -> int:
    """A 64-bit key of a word, such as a sample's id; the same in every process."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _state(seed: int, keys: tuple[Key, ...]) -> Tensor:
    """Hash seed and keys: (N,) int64, N = 1 without tensors."""
    device = next((key.device for key in keys if isinstance(key, Tensor)), torch.device("cpu"))
    state = _mix(torch.tensor([_signed(seed)], device=device) + _signed(_WEYL))
    for key in keys:
        if isinstance(key, str):
            key = text_key(key)
        if isinstance(key, int):
            key = torch.tensor([_signed(key)], device=device)
        # The key is mixed before it meets the state: small keys then differ in all bits, and
        # keys that swap places do not give the same sum.
        state = _mix(state * 5 + _mix(key.to(torch.int64) + _signed(_WEYL)))
    return state


def _mix(value: Tensor) -> Tensor:
    """SplitMix64's finaliser on int64 (products wrap around as in unsigned arithmetic)."""
    value = (value ^ _shift(value, 30)) * _signed(_MIX_1)
    value = (value ^ _shift(value, 27)) * _signed(_MIX_2)
    return value ^ _shift(value, 31)


def _shift(value: Tensor, bits: int) -> Tensor:
    """Unsigned shift to the right; torch's own keeps the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """The same 64 bits as a number that int64 holds."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value
