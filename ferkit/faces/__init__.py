"""From photographs and videos to prepared crops: decode, detect, align, warp, enhance, store."""
