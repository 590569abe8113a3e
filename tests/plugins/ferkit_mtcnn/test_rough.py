"""The rough look leaves nothing out that the exact networks find."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_mtcnn import rough
from ferkit_mtcnn.area import sum_rows
from ferkit_mtcnn.networks import Networks, load_networks
from ferkit_mtcnn.pyramid import IN_CACHE, plan_pyramid
from ferkit_mtcnn.rough import MARGIN, WORTH_IT, fast_bfloat16, filled_up, seen_by
from ferkit_mtcnn.stages import Candidates, Passes, propose, refine
from torch import Tensor
from torch.nn.functional import interpolate


@pytest.fixture(scope="module")
def looking() -> Networks:
    return load_networks("cpu", rough=True)


@pytest.fixture(scope="module")
def exact() -> Networks:
    return load_networks("cpu")


@pytest.fixture(scope="module")
def sums() -> Tensor:
    """Of a frame with blots of many sizes, some of which look like faces to the first network."""
    generator = torch.Generator().manual_seed(4)
    blots = [torch.rand(1, 3, side, side, generator=generator) for side in (6, 20, 60)]
    frame = torch.stack([interpolate(each, size=(200, 240), mode="bicubic") for each in blots])
    pixels = (frame.mean(0)[0].clamp(0, 1) * 255).to(torch.uint8).permute(1, 2, 0)
    return sum_rows(pixels[None].contiguous(), longest=200)


def candidates(sums: Tensor, networks: Networks) -> Candidates:
    device = torch.device("cpu")
    pyramid = plan_pyramid(200, 240, min_face_px=12, factor=0.7, tiling=IN_CACHE, device=device)
    assert max(tall * wide for _, _, (tall, wide) in pyramid.tiles) > WORTH_IT
    return propose(sums, pyramid, networks.proposal, threshold=0.2)


def same(one: Candidates, other: Candidates) -> bool:
    return (
        len(one.boxes) == len(other.boxes)
        and torch.allclose(one.boxes, other.boxes, atol=1e-2)
        and torch.allclose(one.scores, other.scores, atol=1e-5)
        and torch.equal(one.frame_of, other.frame_of)
    )


@torch.inference_mode()
def test_both_stages_find_the_same(looking: Networks, exact: Networks, sums: Tensor) -> None:
    assert looking.proposal.rough is not None
    assert looking.refinement.rough is not None
    assert looking.output.rough is None
    proposed = candidates(sums, exact)
    assert len(proposed.boxes) > 50
    assert same(candidates(sums, looking), proposed)
    for threshold in (0.0, 0.02, 0.999999):
        found = [
            refine(sums, proposed, each.refinement, threshold=threshold, limits=Passes(7, 7, 400))
            for each in (looking, exact)
        ]
        assert same(*found)
        assert (len(found[0].boxes) > 0) == (threshold < 0.5)


@torch.inference_mode()
def test_rough_logits_stay_well_within_the_margin(looking: Networks) -> None:
    pixels = torch.randint(0, 256, (8, 24, 24, 3), generator=torch.Generator().manual_seed(3))
    for network in looking[:2]:
        values = network.first(pixels.float())
        assert network.rough is not None
        near = network.rough.logits(network.rough.rest(values)).float()
        assert (near - network.logits(network.rest(values))).abs().max() < MARGIN / 2


def test_what_a_cell_sees() -> None:
    values = torch.randn(2, 7, 9, 3).permute(0, 3, 1, 2)  # 3 x 5 cells
    frame_of, cells = torch.tensor([0, 1, 1]), torch.tensor([0, 14, 6])
    seen = seen_by(values, frame_of, cells)
    assert torch.equal(seen[0], values[0, :, :5, :5])
    assert torch.equal(seen[1], values[1, :, 2:, 4:])
    assert torch.equal(seen[2], values[1, :, 1:6, 1:6])
    assert seen_by(values, frame_of[:0], cells[:0]).shape == (0, 3, 5, 5)


def test_filled_up() -> None:
    parts = [torch.rand(n, 2, 2, 3).permute(0, 3, 1, 2) for n in (3, 0, 2)]
    joined = filled_up(parts, multiple=4)
    assert joined.shape == (8, 3, 2, 2)
    assert joined.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(joined[:5], torch.cat(parts))
    assert not joined[5:].any()
    assert len(filled_up(parts[1:2], multiple=4)) == 0


def test_only_a_cpu_that_says_so_looks_roughly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "cpuinfo"
    monkeypatch.setattr(rough, "CPU_FACTS", facts)
    cpu = torch.device("cpu")
    assert not fast_bfloat16(cpu)
    facts.write_text("flags : avx512_bf16 amx_tile\n")
    assert not fast_bfloat16(cpu)
    facts.write_text("flags : avx512_bf16 amx_bf16 amx_tile\n")
    assert fast_bfloat16(cpu)
    assert not fast_bfloat16(torch.device("cuda"))
