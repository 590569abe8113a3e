"""Asks the policies of both splits, and writes down what they say of it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from ferkit.contracts.policies import Beliefs, Cadence, Progress
from ferkit.contracts.training import BatchIds, Split, SplitBeliefs
from ferkit.training.logged import policy_scalars
from ferkit.training.policies import SplitPolicies

Policies = Mapping[Split, SplitPolicies]


def act(
    policies: Policies,
    beliefs: SplitBeliefs,
    progress: Progress,
    acting: Set[Cadence],
    *,
    own: Beliefs | None = None,
) -> dict[str, Any]:
    """Ask the policies of both splits, as far as there are beliefs over them.

    Args:
        policies: by split. acting: cadences of those that are asked.
        own: for the weightings of the labelled samples; None: what the updates get.
    Returns: what they say of it, as columns of metrics.csv.
    """
    columns: dict[str, Any] = {}
    for split, asked in policies.items():
        said = beliefs.labelled if split == "labelled" else beliefs.unlabelled
        if said is None:
            continue
        losses = own if split == "labelled" and own is not None else said
        asked.act(said, progress, acting, losses=losses)
        columns |= policy_scalars(split, asked.acting(acting))
    return columns


def step_scalars(policies: Policies, ids: BatchIds) -> dict[str, Any]:
    """What policies that act every step say of a step with these samples, as columns."""
    columns: dict[str, Any] = {}
    for split, asked in policies.items():
        if len(ids.labelled if split == "labelled" else ids.unlabelled):
            columns |= policy_scalars(split, asked.acting({"step"}))
    return columns
