"""Measures the data set `rendered`: detection, room to learn, leaks, speed, still textures.

    python tests/benchmarks/rendered.py --section detect --section speed
    python tests/benchmarks/rendered.py --section room --out FOLDER     (resumable, slow)
    python tests/benchmarks/rendered.py --sheet FOLDER                  (contact sheets)

Prints Markdown tables. Uses one torch thread; rates are per second of process CPU time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rendered_views import DOMAINS, by_eyes, crops, dataset, sheets, truths
from torch import Tensor, nn

from ferkit.contracts.data import CLASSES

TEST_START = 1_000_000
BLIND_SPAN = 0.2  # interocular / side of the wider crops on which leaks are looked for


def table(head: list[str], rows: list[list[str]]) -> None:
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def wilson(rate: float, count: int) -> tuple[float, float]:
    """95 % interval of a proportion."""
    z2 = 1.96**2
    middle = (rate + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 / (1 + z2 / count) * (rate * (1 - rate) / count + z2 / (4 * count**2)) ** 0.5
    return middle - half, middle + half


def small_cnn() -> nn.Sequential:
    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    layers = [*block(3, 16), *block(16, 32), *block(32, 64), *block(64, 128)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * 9, len(CLASSES)))


def accuracy_of_cnn(
    train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], steps: int, seed: int = 0
) -> float:
    """Train the small CNN with flips and shifts; accuracy on `test`."""
    torch.manual_seed(seed)
    images, labels = train
    net = small_cnn()
    batch = min(48, len(images))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)

    def scaled(pixels: Tensor) -> Tensor:
        values = pixels.float() / 255.0
        spread = values.std((1, 2, 3), keepdim=True) + 0.02
        return (values - values.mean((1, 2, 3), keepdim=True)) / spread

    for _ in range(steps):
        rows = torch.randint(len(images), (batch,))
        x = scaled(images[rows])
        x = torch.where(torch.rand(batch, 1, 1, 1) < 0.5, x.flip(3), x)
        dx, dy = torch.randint(-2, 3, (2,)).tolist()
        loss = nn.functional.cross_entropy(
            net(x.roll((dy, dx), (2, 3))), labels[rows], label_smoothing=0.05
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        found = torch.cat([net(scaled(part)).argmax(1) for part in test[0].split(250)])
    return float((found == test[1]).float().mean())


def detect(count: int) -> None:
    """facenet-pytorch's MTCNN, default thresholds, image by image, one subject each."""
    from facenet_pytorch import MTCNN

    mtcnn = MTCNN(keep_all=True, device="cpu")
    rows = []
    for domain in DOMAINS:
        data = dataset(domain=domain, count=count * 5, aligned=False)
        found, errors = 0, []
        for start in range(0, count, 32):
            index = [row * 5 for row in range(start, min(start + 32, count))]
            points = data.landmarks(index)[:, 0]
            frames = data.draw(index)[:, 0, 0].permute(0, 2, 3, 1).numpy()
            for frame, truth in zip(frames, points, strict=True):
                boxes, _, marks = mtcnn.detect(Image.fromarray(frame), landmarks=True)
                if boxes is None:
                    continue
                distance = (truth[1] - truth[0]).norm()
                guess = torch.as_tensor(np.asarray(marks, dtype=np.float32))
                off = (guess - truth).norm(dim=-1).mean(-1) / distance
                if float(off.min()) < 0.5:
                    found += 1
                    errors.append(float(off.min()))
        off = torch.tensor(errors)
        low, high = wilson(found / count, count)
        rows.append(
            [domain, str(count), f"{found / count:.1%}", f"{low:.1%} to {high:.1%}"]
            + [f"{float(off.quantile(q)):.3f}" for q in (0.5, 0.95)]
        )
    head = ["domain, 160 px", "subjects", "detected", "95 %", "landmark error, median", "p95"]
    table(head, rows)


ROOM = {
    "lab": (70, 700),
    "easy": (70, 210, 700),
    "wild": (70, 210, 700, 7000),
    "hard": (700, 7000),
}
STEPS = {70: 300, 210: 450, 700: 800, 7000: 1600}


def room(out: Path, seeds: int) -> None:
    """Accuracy of the small CNN at 48 px by number of labels; each result is kept in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for domain, counts in ROOM.items():
        cells = {}
        test: tuple[Tensor, Tensor] | None = None
        for count in counts:
            values = []
            for seed in range(seeds):
                kept = out / f"{domain}-{count}-{seed}.json"
                if not kept.exists():
                    if test is None:
                        held = dataset(domain=domain, count=1050, start=TEST_START)
                        test = crops(held, 48), truths(held)
                    data = dataset(domain=domain, count=count, start=seed * 10_000)
                    result = accuracy_of_cnn(
                        (crops(data, 48), truths(data)), test, STEPS[count], seed
                    )
                    kept.write_text(json.dumps({"accuracy": result}))
                values.append(json.loads(kept.read_text())["accuracy"])
            cells[count] = f"{sum(values) / len(values):.1%}"
            print(domain, count, cells[count], flush=True)
        rows.append([domain] + [cells.get(count, "-") for count in STEPS])
    table(["labels"] + [str(count) for count in STEPS], rows)


def leaks(count: int) -> None:
    """Classifiers on wild images whose face is hidden; chance is 1/7."""
    data = dataset(domain="wild", count=count)
    held = dataset(domain="wild", count=count, start=TEST_START)
    train = crops(data, 48, BLIND_SPAN, hide=True), truths(data)
    test = crops(held, 48, BLIND_SPAN, hide=True), truths(held)

    def linear() -> float:
        def features(images: Tensor) -> Tensor:
            cells = nn.functional.avg_pool2d(images.float() / 255, 12).flatten(1)
            whole = images.float().flatten(2)
            return torch.cat([cells, whole.mean(2) / 255, whole.std(2) / 255], 1)

        x, y = features(train[0]), features(test[0])
        mean, spread = x.mean(0), x.std(0) + 1e-6
        x, y = (x - mean) / spread, (y - mean) / spread
        target = nn.functional.one_hot(train[1], len(CLASSES)).float() - 1 / len(CLASSES)
        weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ target)
        return float(((y @ weights).argmax(1) == test[1]).float().mean())

    rows = []
    models: dict[str, Callable[[], float]] = {
        "small CNN": lambda: accuracy_of_cnn(train, test, 900),
        "linear, colour means": linear,
    }
    for name, run in models.items():
        rate = run()
        low, high = wilson(rate, count)
        chance = low <= 1 / 7 <= high
        rows.append([name, f"{rate:.1%}", f"{low:.1%} to {high:.1%}", "yes" if chance else "NO"])
    table(["face hidden, wild", "accuracy", "95 %", "holds 1/7"], rows)


def speed() -> None:
    rows = []
    for size, count in ((48, 384), (96, 128)):
        for domain in ("lab", "wild", "hard"):
            data = dataset(domain=domain, count=count)
            crops(data, size)
            began = time.process_time()
            crops(data, size)
            rows.append([domain, str(size), f"{count / (time.process_time() - began):.0f}"])
    table(["domain", "px", "faces/s of one core"], rows)


def swim(clips: int = 12, length: int = 12) -> None:
    """Skin texture in clips: aligned frames must differ little, those not aligned much.

    1 is what two unrelated textures give; a texture fixed to the image gives less in the
    second column than in the first.
    """
    still = dict.fromkeys(("au_jitter", "blur", "sensor_noise", "darkness", "glasses"), 0.0)
    data = dataset(
        domain="lab",
        count=70,
        clip_length=length,
        frame_size=320,
        yaw=15,
        pitch=8,
        roll=20,
        **still,
    )
    rows = [i for i, s in enumerate(data.samples()) if CLASSES[s.truth] == "neutral"][:clips]
    own = by_eyes(data.landmarks(rows), 96)
    aligned = data.draw(rows, own, 96)[:, :, 0].float().mean(2)
    shifted = torch.cat([own[:, 1:], own[:, -1:]], 1)  # frame t at the view of frame t + 1
    unaligned = data.draw(rows, shifted, 96)[:, :, 0].float().mean(2)

    def fine(frames: Tensor) -> Tensor:
        smooth = nn.functional.avg_pool2d(frames, 7, 1, 3, count_include_pad=False)
        patch = (frames - smooth)[..., 52:66, 14:30]  # a cheek
        return patch - patch.mean((-1, -2), keepdim=True)

    target = fine(aligned)[:, 1:]
    size = (target**2).mean().sqrt() * 2**0.5
    with_motion = ((fine(aligned)[:, :-1] - target) ** 2).mean().sqrt() / size
    without = ((fine(unaligned)[:, :-1] - target) ** 2).mean().sqrt() / size
    table(
        ["residual of skin texture, frame to frame", "aligned by landmarks", "not aligned"],
        [[f"{clips} clips, head motion only", f"{with_motion:.2f}", f"{without:.2f}"]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("detect", "room", "leaks", "speed", "swim")
    parser.add_argument("--section", action="append", choices=names, default=[])
    parser.add_argument("--count", type=int, help="subjects or images, where the section has some")
    parser.add_argument("--seeds", type=int, default=1, help="trainings per cell of room")
    parser.add_argument("--out", type=Path, help="where room keeps its results")
    parser.add_argument("--sheet", type=Path, help="where to write contact sheets")
    parser.add_argument("--scale", type=float, default=1.0, help="of the contact sheets")
    parser.add_argument("--format", choices=("png", "jpg"), default="png", help="of the sheets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.sheet:
        sheets(options.sheet, options.scale, options.format)
    if "room" in options.section and options.out is None:
        parser.error("--section room needs --out")
    sections: dict[str, Callable[[], None]] = {
        "speed": speed,
        "swim": swim,
        "detect": lambda: detect(options.count or 420),
        "leaks": lambda: leaks(options.count or 2800),
        "room": lambda: room(options.out, options.seeds),
    }
    for name, run in sections.items():
        if name in options.section:
            run()


if __name__ == "__main__":
    main()
