"""A store whose writer is killed for real."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from ferkit.faces.parts import part_numbers, read_parts
from ferkit.faces.store import Store

KILLED = """
import sys
from pathlib import Path
import numpy as np
from ferkit.faces import store as store_module
from ferkit.faces.parts import FrameRow
store_module.PART_BYTES = 2 * 96
store = store_module.Store(Path(sys.argv[1]), {}, regions=("face", "eyes"), image_size=4)
with store.writing(waiting=print) as writer:
    for key in range(100000):
        for frame in range(3):
            crop = np.full((1, 2, 3, 4, 4), (key * 10 + frame) % 256, np.uint8)
            row = FrameRow(f"k{key}", "", frame, 0.0, [0] * 4, [0] * 10, 1.0, 1, [1.0, 1.0])
            writer.add(crop, [row])
        writer.finish(f"k{key}", "")
"""


def open_store(root: Path) -> Store:
    return Store(root, {}, regions=("face", "eyes"), image_size=4)


def test_kill_leaves_no_half_rows(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(KILLED)
    child = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    try:
        folder = open_store(tmp_path).folder
        deadline = time.monotonic() + 60
        while len(part_numbers(folder, "sources")) < 8 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    store = open_store(tmp_path)
    assert len(store.sources) >= 5
    with store.writing(waiting=str):  # the lock died with its holder
        pass
    keys = sorted(store.sources, key=lambda key: int(key[1:]))
    assert keys == [f"k{number}" for number in range(len(keys))]
    for number, clip in enumerate(store.clips(keys).batches(1)):
        expected = [(number * 10 + frame) % 256 for frame in range(3)]
        assert clip.frames[0, :, 0, 0, 0, 0].tolist() == expected
        assert (clip.frames[0] == clip.frames[0, :, :1, :1, :1, :1]).all()
    named = set(read_parts(store.folder, "frames")["shard"].to_pylist())
    assert set(part_numbers(store.folder, "shards")) == named
