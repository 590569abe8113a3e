"""The component: number of regions, first weights, and what is refused."""

from __future__ import annotations

import pytest
import torch
from ferkit_grouped_resnet.backbone import IMAGENET, make_grouped_resnet
from ferkit_grouped_resnet.params import GroupedResNetParams
from ferkit_grouped_resnet.streams import fastest
from pydantic import ValidationError
from safetensors.torch import save_file

from ferkit.errors import FerkitError
from ferkit.plugin import Context

REGIONS = ("face", "eyes", "mouth")


def context(folder=None, **given) -> Context:
    return Context(regions=REGIONS, **({} if folder is None else {"folder": folder}), **given)


@pytest.fixture
def file(plain, shaken, tmp_path):
    """Weights of a plain ResNet-18 of width 8, with a last layer, as old torch wrote them."""
    state = shaken(plain(8)).state_dict()
    state = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    save_file(state | {"fc.weight": torch.rand(5, 64), "fc.bias": torch.rand(5)}, tmp_path / "r")
    return tmp_path / "r"


def test_the_context_says_how_many_regions_there_are() -> None:
    made = make_grouped_resnet(GroupedResNetParams(width=4), context())
    assert made.spec(3).regions == 3
    assert made.normalisation is None
    assert "random weights" in made.weight_notes[0]
    alone = make_grouped_resnet(GroupedResNetParams(width=4), Context())
    assert alone(torch.rand(2, 1, 3, 32, 32)).pooled.shape == (2, 1, 32)


def test_parameters_reach_the_network() -> None:
    params = GroupedResNetParams(depth=34, width=4, form="grouped", zero_init_residual=True)
    made = make_grouped_resnet(params, context())
    assert len(made.layer3) == 6
    assert made.channels == (4, 8, 16, 32)
    assert made.form == "grouped"
    assert not made.layer1[0].bn2.weight.any()
    assert make_grouped_resnet(GroupedResNetParams(width=4), context()).form is None


def test_the_form_follows_from_the_type_of_device() -> None:
    assert fastest(torch.device("cpu")) == "apart"
    assert fastest(torch.device("cuda", 1)) == fastest(torch.device("cuda", 0))


def test_each_region_starts_from_a_plain_resnet(file, plain, stages_of, shaken) -> None:
    params = GroupedResNetParams(width=8, weights=file.name)
    made = make_grouped_resnet(params, context(file.parent)).eval()
    alone = shaken(plain(8)).eval()
    alone.load_state_dict(made_part(made))
    images = torch.rand(2, 3, 3, 64, 64)
    for region in range(3):
        expected = stages_of(alone, images[:, region])[-1]
        torch.testing.assert_close(made(images).maps[-1][:, region], expected)
    assert made.normalisation == IMAGENET
    assert made.weight_notes[0].startswith("grouped_resnet: every region starts from r (sha256 ")


def made_part(made) -> dict[str, torch.Tensor]:
    return {k: v.chunk(3)[1] if v.ndim else v for k, v in made.state_dict().items()}


def test_weights_may_go_with_the_training_datas_statistics(file) -> None:
    params = GroupedResNetParams(width=8, weights=str(file), normalisation="training")
    assert make_grouped_resnet(params, context()).normalisation is None


def test_weights_of_another_width_name_the_width_to_set(file) -> None:
    message = r"other shapes.*first layer has 8 channels, a region here 32: set width: 8 in"
    with pytest.raises(FerkitError, match=message):
        make_grouped_resnet(GroupedResNetParams(weights=str(file)), context())


def test_weights_of_another_depth_are_refused(file) -> None:
    with pytest.raises(FerkitError, match=r"missing keys: layer1\.2.*Check depth"):
        make_grouped_resnet(GroupedResNetParams(depth=34, width=8, weights=str(file)), context())


def test_weights_of_all_regions_belong_into_init(tmp_path) -> None:
    whole = make_grouped_resnet(GroupedResNetParams(width=4), context())
    state = {name: value.contiguous() for name, value in whole.state_dict().items()}
    save_file(state, tmp_path / "w")
    params = GroupedResNetParams(width=4, weights=str(tmp_path / "w"))
    with pytest.raises(FerkitError, match=r"those of a run of ferkit go into 'init'"):
        make_grouped_resnet(params, context())


def test_the_file_is_held_to_its_hash(file) -> None:
    params = GroupedResNetParams(width=8, weights=str(file), sha256="0" * 64)
    with pytest.raises(FerkitError, match="0000"):
        make_grouped_resnet(params, context())
    with pytest.raises(FerkitError, match="no such file"):
        make_grouped_resnet(GroupedResNetParams(weights="gone.pth"), context(file.parent))


def test_small_crops_are_refused() -> None:
    with pytest.raises(FerkitError, match="at least 32 px, not 24"):
        make_grouped_resnet(GroupedResNetParams(), context(image_size=24))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": "w", "zero_init_residual": True}, "is of random weights"),
        ({"sha256": "0" * 64}, "sha256 is given without weights"),
        ({"depth": 50}, "18 or 34"),
        ({"width": 0}, "greater than or equal to 1"),
        ({"form": "batched"}, "'auto', 'grouped' or 'apart'"),
    ],
)
def test_parameters_that_do_not_fit(given, message) -> None:
    with pytest.raises(ValidationError, match=message):
        GroupedResNetParams(**given)
