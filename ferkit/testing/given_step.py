"""One step of a loop on outputs that are given instead of computed, to hold it to a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ferkit.contracts.data import Clips
from ferkit.contracts.policies import Progress
from ferkit.contracts.training import Batch, Part, Split, SSLLoop
from ferkit.model.face_model import Output
from ferkit.training.job import PolicyChain
from ferkit.training.parts import StepParts, TrainingStep
from ferkit.training.policies import SplitPolicies


class Told(nn.Module):
    """A network that answers with rows of a table; pixels say which row a sample is.

    Args:
        logits: (M, K), with gradient. features: (M, D). maps: (M, C, H, W) or None.
    """

    def __init__(self, logits: Tensor, features: Tensor, maps: Tensor | None = None) -> None:
        super().__init__()
        self.logits, self.table, self.maps = logits, features, maps
        self.classes, self.feature_dim = logits.shape[1], features.shape[1]
        self.head = nn.Linear(self.feature_dim, self.classes)

    def classify(self, features: Tensor) -> Tensor:
        """The last layer: (n, D) -> (n, K)."""
        logits: Tensor = self.head(features)
        return logits

    def forward(self, frames: Tensor, valid: Tensor, *, keep_maps: bool = False) -> Output:
        """The rows that `frames` name."""
        rows = frames.flatten(1)[:, 0].round().long()
        maps = None
        if keep_maps and self.maps is not None:
            maps = self.maps[rows][:, None, None]
        penalty = self.logits.new_zeros(len(rows))
        return Output(self.logits[rows], self.table[rows], penalty, {}, maps)


class GivenStep(NamedTuple):
    """loss: () with all penalties, with gradient. scalars: what the loop logs. logits, features:
    (M, K), (M, D) leaves, in the order of the given mapping. rows: their slice by its keys.
    further: (M, K) leaves, logits of further students."""

    loss: Tensor
    scalars: Mapping[str, Tensor | float]
    logits: Tensor
    features: Tensor
    rows: Mapping[str, slice]
    further: tuple[Tensor, ...] = ()


def given_step(
    loop: SSLLoop,
    *,
    given: Tensor,
    logits: Mapping[str, Tensor],
    labelled: PolicyChain | None = None,
    unlabelled: PolicyChain | None = None,
    features: Mapping[str, Tensor] | None = None,
    maps: Mapping[str, Tensor] | None = None,
    teacher: Mapping[str, Tensor] | None = None,
    ids: Tensor | None = None,
    total: int | None = None,
    progress: Progress | None = None,
    class_weight: Tensor | None = None,
    further: Sequence[Mapping[str, Tensor]] = (),
    head: nn.Linear | None = None,
) -> GivenStep:
    """Run `loop.step` once, in an adaptive phase, with real policies.

    Args:
        given: (n,) labels of the labelled samples.
        logits: what the student says, by "labelled.weak", "unlabelled.strong" and so on.
        labelled, unlabelled: the policies; they keep their state from call to call.
        features: (n, D) by the same keys; zeros of length 2 where left out.
        maps: (n, C, H, W) by the same keys.
        teacher: logits of the labelling network by the same keys; None: the student's.
        ids: of the unlabelled samples; default: 0, 1, 2, ...
        total: how many unlabelled samples there are in all.
        progress: default: the first step of 100.
        class_weight: (K,).
        further: what further students say, by the keys of `logits`; they label by that, too.
        head: the first student's last layer; None: a random one.
    """
    rows, start = dict[str, slice](), 0
    for name, each in logits.items():
        rows[name] = slice(start, start + len(each))
        start += len(each)
    table = torch.cat([each.detach() for each in logits.values()]).requires_grad_()
    classes = table.shape[1]
    length = 2 if features is None else next(iter(features.values())).shape[1]
    known = features or {}
    lines = [known.get(name, torch.zeros(len(each), length)) for name, each in logits.items()]
    feature_table = torch.cat(lines).detach().requires_grad_()
    map_table = None if maps is None else torch.cat([maps[name] for name in logits])
    said = torch.cat([(teacher or {}).get(name, each) for name, each in logits.items()]).detach()
    more = [torch.cat([one[name].detach() for name in logits]).requires_grad_() for one in further]
    student = Told(table, feature_table, map_table)
    if head is not None:
        student.head = head
    students = [student, *(Told(each, feature_table) for each in more)]
    labellers = [Told(said, feature_table.detach())]
    labellers += [Told(each.detach(), feature_table.detach()) for each in more]
    at = progress or Progress("phase", 0, 0, 1, 0, 100, ())
    count = max((s.stop - s.start for k, s in rows.items() if k.startswith("un")), default=0)
    others = torch.arange(count) if ids is None else ids
    size = total or count
    policies: dict[Split, SplitPolicies] = {
        "labelled": SplitPolicies(
            "labelled",
            labelled or PolicyChain(),
            given=given,
            given_probs=torch.eye(classes)[given],
            device=torch.device("cpu"),
        ),
        "unlabelled": SplitPolicies(
            "unlabelled",
            unlabelled or PolicyChain(),
            given=torch.full((size,), -1),
            given_probs=torch.zeros(size, classes),
            device=torch.device("cpu"),
        ),
    }
    for asked in policies.values():
        asked.begin(at, adaptive=True)

    def part(split: Split, ids: Tensor) -> Part:
        views = {
            name.split(".")[1]: _clips(torch.arange(place.start, place.stop))
            for name, place in rows.items()
            if name.startswith(f"{split}.")
        }
        return Part(ids, views)

    parts = StepParts(
        students,  # type: ignore[arg-type]
        labellers,  # type: ignore[arg-type]
        policies,
        class_weight=torch.ones(classes) if class_weight is None else class_weight,
        adaptive=True,
        penalty=0.0,
        progress=at,
    )
    batch = Batch(part("labelled", torch.arange(len(given))), part("unlabelled", others))
    loss, scalars = TrainingStep(loop, [], {})(batch, parts)
    return GivenStep(loss, scalars, table, feature_table, rows, tuple(more))


def _clips(rows: Tensor) -> Clips:
    """One pixel for each row, which names it."""
    frames = rows.float().reshape(-1, 1, 1, 1, 1, 1).expand(-1, 1, 1, 3, 1, 1)
    return Clips(frames, torch.ones(len(rows), 1, 1, dtype=torch.bool))
