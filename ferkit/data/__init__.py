"""From the rows of data sets to batches on the device: splits, loading, augmentation."""
