from __future__ import annotations

from ferkit.contracts.data import Sample
from ferkit.data.members import Member, Rows, adopt, hide_label

CLASSES = ("anger", "happy", "sad")


def test_labels_votes_and_truth_are_mapped_by_name() -> None:
    rows = Rows(
        [
            Sample("a", label=0, truth=1),
            Sample("b", label=2, votes=(3.0, 1.0, 2.0)),
            Sample("c"),
        ],
        ("sad", "contempt", "anger"),
    )
    members, problems = adopt(rows, "test", CLASSES)
    assert problems == []
    assert [(m.source, m.position, m.sample.label, m.sample.truth) for m in members] == [
        ("test", 0, 2, -1),
        ("test", 1, 0, -1),
        ("test", 2, -1, -1),
    ]
    assert members[1].sample.votes == (2.0, 0.0, 3.0)
    assert members[1].key == "test/b"


def test_other_classes_are_left_out_and_reported() -> None:
    samples = [Sample("a", path="a.png", label=0), Sample("b", label=1), Sample("c", label=0)]
    rows = Rows(samples, ("hapy", "sad"))
    members, problems = adopt(rows, "test", CLASSES)
    assert [(m.position, m.sample.label) for m in members] == [(1, 2)]
    assert [(p.kind, p.where, p.dropped) for p in problems] == [
        ("class not in this run", "a.png", True),
        ("class not in this run", "c", True),
    ]
    assert "'hapy' is none of the run's classes. Did you mean 'happy'?" in problems[0].what
    members, problems = adopt(rows, "unlabelled", CLASSES, keep_unknown=True)
    assert [m.sample.label for m in members] == [-1, 2, -1]
    assert [p.dropped for p in problems] == [False, False]


def test_votes_for_other_classes_only_are_no_votes() -> None:
    rows = Rows([Sample("a", label=0, votes=(0.0, 2.0))], ("sad", "contempt"))
    assert adopt(rows, "train", CLASSES)[0][0].sample.votes is None


def test_hidden_labels_become_the_truth_unless_it_is_known() -> None:
    given = Member("train", 0, Sample("a", label=1, votes=(0.0, 1.0)))
    hidden = hide_label(given).sample
    assert (hidden.label, hidden.votes, hidden.truth) == (-1, None, 1)
    wrong = Member("train", 0, Sample("a", label=1, truth=2))
    assert hide_label(wrong).sample.truth == 2
