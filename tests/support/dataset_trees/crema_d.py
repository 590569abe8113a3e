"""CREMA-D."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.writing import Files

NAMES = (
    "1001_DFA_ANG_XX",
    "1001_IEO_DIS_LO",
    "1001_IEO_FEA_MD",
    "1002_IEO_HAP_HI",
    "1002_DFA_NEU_XX",
    "1091_WSI_SAD_XX",
)
HEADER = '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"'
TABLE = "processedResults/tabulatedVotes.csv"


def votes(names: Sequence[str] = NAMES) -> str:
    """A row a clip and query: what is voted for tells the query (the first number) apart."""
    rows = [HEADER]
    for query in (1, 2, 3):
        for number, name in enumerate(names, start=1):
            counts = f"{query},2,3,4,5,{number}"
            rows.append(f'"{query}{number:05}",{counts},"{name}",11,0.9,"N"')
    return "\n".join(rows) + "\n"


def tree(names: Sequence[str] = NAMES) -> Files:
    """A video of each name, and votes for those of `NAMES`."""
    files: Files = {f"VideoFlash/{name}.flv": "film" for name in names}
    return files | {TABLE: votes(), "AudioWAV/1001_DFA_ANG_XX.wav": "sound"}
