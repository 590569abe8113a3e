"""The reader `pyav`. PyAV itself is imported when a reader is made: it is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_pyav.params import PyAVParams


class PyAVReader:
    """The video reader `pyav`. Any number of threads may read with one of it."""

    def __init__(self, params: PyAVParams, context: Context) -> None:
        try:
            import av  # noqa: F401
        except ImportError as error:
            raise FerkitError(
                f"the video reader 'pyav' needs PyAV, which can't be imported ({error}).",
                hint="Install it: pip install 'ferkit[pyav]'",
            ) from error
        self._params = params

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order; frame 0 is the first that a player shows.

        Raises: FerkitError: the file can't be opened or holds no frame; or, after what could
            be decoded was yielded, it breaks off.
        """
        from ferkit_pyav.chunks import chunks

        chunk_bytes = int(self._params.chunk_mib * 2**20)
        return chunks(path, sampling, threads=self._params.threads, chunk_bytes=chunk_bytes)
