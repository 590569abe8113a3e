"""From a recipe to a run folder: one run, or a matrix of them."""
