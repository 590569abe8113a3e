"""Measures what data sets are checked with: near-duplicate hashes and the reading of tables.

    OMP_NUM_THREADS=1 python tests/benchmarks/data.py --section london --section rendered \\
        --section compare --section table

Prints Markdown tables. Uses one torch thread; rates are per second of process CPU time. The section
`london` needs the photographs of the Face Research Lab London Set in `../shared/real/london`
beside the repository, and is left out without them.
"""

from __future__ import annotations

import argparse
import io
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ferkit_crops.croppers import FaceCropper
from ferkit_crops.params import FaceParams
from ferkit_files.params import TableParams
from ferkit_files.table import make_table
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from PIL import Image, ImageEnhance
from rendered import table
from rendered_views import dataset
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.data.near_duplicates import (
    HASH_BITS,
    ImageHashes,
    duplicate_groups,
    perceptual_hash,
)
from ferkit.faces.decode import to_rgb
from ferkit.faces.process import detect_and_crop
from ferkit.faces.steps import Steps
from ferkit.plugin import Context

LONDON = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "london"
DISTANCE = 32  # the default of data.split.near_duplicates
FEW_DISTANCE = 4  # what 63 bits would need
MANY = 50_000


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    memory = io.BytesIO()
    image.save(memory, "JPEG", quality=quality)
    return Image.open(memory).convert("RGB")


def half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def trimmed(image: Image.Image) -> Image.Image:
    """Without 2 % of each side at each edge."""
    x, y = round(image.width * 0.02), round(image.height * 0.02)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 70": lambda image: jpeg(image, 70),
    "JPEG, quality 30": lambda image: jpeg(image, 30),
    "half the size": half,
    "15 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "cropped by 2 % at each edge": trimmed,
    "grey": lambda image: image.convert("L").convert("RGB"),
}


def few_bits(bits: Tensor) -> Tensor:
    """The usual 63 of the 255 bits: of the 8 x 8 lowest frequencies without the mean."""
    block = torch.nn.functional.pad(bits, (1, 0)).reshape(-1, 16, 16)[:, :8, :8]
    return block.reshape(-1, 64)[:, 1:]


def distances(one: Tensor, other: Tensor) -> Tensor:
    """(N, bits) and (M, bits) bool -> (N, M) bits that differ."""
    signs, others = one.float() * 2 - 1, other.float() * 2 - 1
    return ((one.shape[1] - signs @ others.T) / 2).round().long()


class Photographs:
    """Hashes photographs as faces, aligned by the detector, and as they are."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._detector = MtcnnDetector(MtcnnParams(), Context())

    def hashes(self, images: list[Image.Image]) -> tuple[Tensor, Tensor]:
        """Bits of the faces and of the whole photographs, (N, 255) each."""
        faces, wholes = [], []
        for image in images:
            frame = frame_of(image)
            found = detect_and_crop(
                frame, Steps(cropper(self._size), self._detector, min_score=0.0)
            )
            if len(found.crops) != 1:
                raise SystemExit("a photograph has no face that can be cut.")
            faces.append(found.crops[0, 0])
            wholes.append(detect_and_crop(frame, Steps(cropper(128))).crops[0, 0])
        return perceptual_hash(torch.stack(faces))[0], perceptual_hash(torch.stack(wholes))[0]


def cropper(size: int) -> FaceCropper:
    return FaceCropper(FaceParams(size=size), Context())


def frame_of(image: Image.Image) -> Tensor:
    """(1, 3, H, W) uint8."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]


def london(size: int) -> None:
    """Neighbours and copies of the 204 photographs of 102 people."""
    paths = sorted(LONDON.glob("*/*.jpg"))
    if not paths:
        print("\nLeft out: there is no ../shared/real/london beside the repository.")
        return
    images = [to_rgb(Image.open(path)) for path in paths]
    people = [path.stem for path in paths]
    photographs = Photographs(size)
    bits, whole_bits = photographs.hashes(images)
    kinds = {"63 bits": (few_bits, FEW_DISTANCE), "255 bits": (lambda b: b, DISTANCE)}

    same = torch.tensor([[one == other for other in people] for one in people])
    above = torch.ones_like(same).triu(1)
    rows: dict[str, list[str]] = {}
    for of, limit in kinds.values():
        between = distances(of(bits), of(bits))
        others = between[above & ~same].double()
        mean, spread = float(others.mean()), float(others.std())
        own = between[above & same]
        away = (mean - limit) / spread
        expected = math.erfc(away / 2**0.5) / 2 * MANY * (MANY - 1) / 2
        for name, value in {
            "pairs of different people": f"{len(others)}",
            "closest two people": f"{int(others.min())}",
            "mean, deviation over them": f"{mean:.0f}, {spread:.1f}",
            "joined at": f"{limit} ({away:.1f} deviations below the mean)",
            "pairs of people joined": f"{int((others <= limit).sum())}",
            f"of the pairs of {MANY} images, were they normal": f"{expected:.2g}",
            "two pictures of one person joined": f"{int((own <= limit).sum())} of {len(own)}",
        }.items():
            rows.setdefault(name, []).append(value)
    originals = [i for i, path in enumerate(paths) if path.parent.name == "neutral"]
    unaligned: list[list[str]] = []
    for name, copy in COPIES.items():
        copied, whole_copied = photographs.hashes([copy(images[i]) for i in originals])
        for of, limit in kinds.values():
            near = distances(of(bits[originals]), of(copied)).diagonal() <= limit
            rows.setdefault(name, []).append(f"{float(near.float().mean()):.0%}")
        apart = distances(whole_bits[originals], whole_copied).diagonal()
        unaligned.append([name, f"{float(apart.double().median()):.0f}", f"{int(apart.max())}"])
    head = [f"{len(paths)} photographs, {size} px; copies of {len(originals)}", *kinds]
    table(head, [[name, *values] for name, values in rows.items()])
    table(["not aligned, 128 px, 255 bits: bits that differ", "median", "most"], unaligned)


def rendered(size: int, count: int) -> None:
    """The closest two subjects of the data set `rendered`."""
    rows = []
    for domain in ("lab", "easy", "wild"):
        data = dataset(domain=domain, count=count)
        landmarks = data.landmarks(range(count))[:, 0]
        unused = torch.zeros(count, 4), torch.ones(count)
        view = cropper(size).transforms(Faces(unused[0], landmarks, unused[1]))
        bits = perceptual_hash(data.draw(range(count), view[:, None], size)[:, 0, 0])[0]
        between = distances(bits, bits)
        subjects = [sample.subject for sample in data.samples()]
        same = torch.tensor([[one == other for other in subjects] for one in subjects])
        above = torch.ones_like(same).triu(1)
        others, own = between[above & ~same], between[above & same]
        rows.append(
            [domain, f"{count}", f"{len(set(subjects))}", f"{int(others.min())}"]
            + [f"{int((each <= DISTANCE).sum())} of {len(each)}" for each in (others, own)]
        )
    head = [f"rendered, {size} px", "samples", "subjects", "closest two subjects"]
    table([*head, "pairs of subjects joined", "pairs of one subject joined"], rows)


def compare(count: int) -> None:
    """Seconds for all pairs of so many random hashes."""
    drawn = torch.rand(count, HASH_BITS, generator=torch.Generator().manual_seed(0)) < 0.5
    names = tuple(str(i) for i in range(count))
    hashes = ImageHashes(drawn, torch.ones(count, dtype=torch.bool), names)
    started = time.process_time()
    duplicate_groups([hashes], distance=DISTANCE)
    seconds = time.process_time() - started
    table(["images compared, all pairs", "CPU seconds"], [[f"{count}", f"{seconds:.1f}"]])


def reading(count: int) -> None:
    """Rows per second of the data set `table`, all of whose files are there."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ["path,label,subject"]
        for i in range(count):
            name = f"{i:06d}.jpg"
            (Path(folder) / name).touch()
            lines.append(f"{name},{('happy', 'sad')[i % 2]},{i // 5}")
        path = Path(folder) / "labels.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        data = make_table(TableParams(path=str(path)), Context())
        started = time.process_time()
        found = len(data.samples())
        seconds = time.process_time() - started
    table(
        ["rows of a table", "read", "per second"],
        [[f"{count}", f"{found}", f"{count / seconds:.0f}"]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("london", "rendered", "compare", "table")
    parser.add_argument("--section", action="append", choices=names, default=[])
    parser.add_argument("--size", type=int, help="side of the crops, pixels")
    parser.add_argument("--count", type=int, help="samples, images or rows of the section")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sections: dict[str, Callable[[], None]] = {
        "london": lambda: london(options.size or 96),
        "rendered": lambda: rendered(options.size or 48, options.count or 800),
        "compare": lambda: compare(options.count or MANY),
        "table": lambda: reading(options.count or 10_000),
    }
    for name in options.section or names:
        sections[name]()


if __name__ == "__main__":
    main()
