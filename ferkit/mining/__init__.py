"""From hours of video to the parts that show one face, large enough (BoLD's mining, B15)."""
