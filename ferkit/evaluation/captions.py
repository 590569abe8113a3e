"""What a report says below each figure: what it shows, what to look for, what would be bad."""

from __future__ import annotations

CAPTIONS = {
    "splits": "Samples of each class in the splits that have labels.",
    "confusion": "Confusion matrix of the test split: each row holds the samples with one given "
    "label, as share of the row and as count.",
    "per_class": "Accuracy of each class with its 95 % interval; the dashed line is the accuracy "
    "over all samples.",
    "reliability": "How often predictions of the test split are right, by how confident they "
    "are, and below how many there are. Near the dashed line confidence can be taken at its word; "
    "well below it the model is too sure, which is bad for whatever a threshold on confidence "
    "decides, above it too modest. ECE is the mean distance.",
    "faces_by_intensity": "Test faces of each class from the subtlest to the strongest, with their "
    "class probabilities; p is that of the true class, a caption in red a wrong answer. From left "
    "to right the true class's bar should grow. Bad: strong expressions without a clear bar, or "
    "subtle ones with full confidence.",
    "faces_by_probability": "Test faces of each class from the lowest to the highest probability "
    "p of their class, with all probabilities; a caption in red is a wrong answer. On the right "
    "the expression should be clear, on the left subtle or ambiguous. Bad: clear expressions on "
    "the left.",
    "attention_maps": "Where the network looks, a clip of each class (predicted as that class most "
    "surely; of a clip the frame that weighs most): each region's crop, and on it the map of each "
    "hop, mean over the stages. Red: more than attention spread evenly would give, blue: less; "
    "an untinted face is an even map. Good: red on brows, eyes, mouth. Bad: red on the background, "
    "or hops that are all alike.",
    "attention_stages": "Mean attention over the test clips on their mean crop, a row for each map "
    "of the backbone, from early to late. Good: the late maps keep to the face. Bad: a red "
    "corner or an edge in every row, which tells of padding and not of faces.",
    "attention_regions": "Mean weight of each region, by class. Good: weights that move with the "
    "class, to the mouth for happy. Bad: one region that takes everything, so that the others "
    "could be left out, or equal weights everywhere.",
    "attention_frames": "Clips frame by frame: weight of each frame, and where it is known the "
    "intensity of the expression. Good: weight where the expression is. Bad: a flat line, which a "
    "plain mean would give, or weight on frames without expression.",
    "stability": "How much the predictions of the test split change when its clips are altered a "
    "little. Shorter is better; bars far longer than the others tell what was missing from the "
    "training views.",
    "rounds": "Accuracy of each round's own weights. The circled round counts, as the one of the "
    "highest validation score. Good: a line that rises and settles. Bad: students below their "
    "teacher, who saw too little or too much noise.",
    "learning_curves": "Losses and validation accuracy by epoch; dotted lines part the phases.",
    "pool": "Unlabelled samples predicted with enough confidence, how many of them were picked, "
    "per class (the black line is their sum), and how many are right where the truth is known. "
    "Good: a pool that grows, with every class in it. Bad: a class that fills the pool or is "
    "missing from it, or a share of right ones that falls.",
    "label_course": "Weights, labels held at the floor of their given class, and the validation "
    "loss's trend (above 0 it rises; triangles mark epochs in which weights moved). Good: weights "
    "and labels that settle. Bad: a mean weight that sinks steadily, or zero weights on more "
    "labels than can be wrong.",
    "weights": "Final weights of the training labels; where the truth is known, right and wrong "
    "labels are apart. Good: the wrong ones on the left, the right ones on the right. Bad: both "
    "spread alike, since then weights only throw data away.",
    "weight_course": "Share of the labels with each weight, epoch by epoch; triangles mark the "
    "epochs in which weights moved. Good: a minority parts from the rest and sinks. Bad: all "
    "sink together, or weights that never move.",
    "target_confidence": "How sure the final targets are, by split.",
    "faces_by_weight": "Training faces of each given label (in brackets how many there are), "
    "evenly from the lowest to the highest weight; below a face its weight, and in red the true "
    "class where that is another. On the left there should be wrong labels and odd or subtle "
    "faces. Bad: clear, rightly labelled faces there, or red words on the right.",
    "lowest_weights": "The training faces that weigh least, the lightest first. Look for wrong "
    "labels and bad crops; clear, rightly labelled faces would be a bad sign.",
    "wrong_predictions": "Wrong predictions of the test split, the most confident first: given "
    "label above, prediction and its probability below.",
    "doubtful_labels": "Predictions that count as wrong though the given label may be: the truth "
    "is known to be another (in red where the answer isn't that either), or, where it isn't known, "
    "the model is at least 90 % sure. If the answers look right, the true accuracy is higher than "
    "stated; if the labels do, the model is sure of errors.",
    "blends": "Wrong predictions whose answer is the second emotion of the face; the caption "
    "names main + second. Mild errors if the main emotion has a bar of its own; bad where it has "
    "none.",
    "near_ties": "Wrong predictions whose two highest classes lie within 20 points: faces "
    "between two emotions, or a model that can't tell them apart. Bad if the faces look clear.",
}
"""By name of the figure, without its ending."""
SECTIONS = {
    "data": ("splits",),
    "classes": (
        "confusion",
        "per_class",
        "reliability",
        "faces_by_intensity",
        "faces_by_probability",
    ),
    "attention": ("attention_maps", "attention_stages", "attention_regions", "attention_frames"),
    "stability": ("stability",),
    "rounds": ("rounds",),
    "training": ("learning_curves", "pool", "label_course"),
    "labels": (
        "weights",
        "weight_course",
        "faces_by_weight",
        "lowest_weights",
        "target_confidence",
    ),
    "errors": ("wrong_predictions", "doubtful_labels", "blends", "near_ties"),
}
"""The figures of each section of a report, in order."""
