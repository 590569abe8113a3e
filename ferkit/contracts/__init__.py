"""The shapes and protocols that every part of ferkit relies on: one file per stage."""
