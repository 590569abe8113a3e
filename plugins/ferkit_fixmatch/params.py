"""Parameters of FixMatch."""

from __future__ import annotations

from ferkit.training.consistency_params import ConsistencyParams


class FixMatchParams(ConsistencyParams):
    """Of the loop `fixmatch`."""
