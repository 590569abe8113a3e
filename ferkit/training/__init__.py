"""From a job (model, splits, loop, policies) to trained weights."""
