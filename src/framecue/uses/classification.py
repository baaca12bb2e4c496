"""Zero-shot classification: which of some labels a video shows, by its nearness to texts that stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framecue.checks import is_whole
from framecue.encoder import Encoder
from framecue.errors import InputError, VideoError
from framecue.library.results import Skipped
from framecue.log import log_skipped
from framecue.model import VideoTextModel
from framecue.object_store.urls import noted_path
from framecue.progress import FilesDone, ProgressCallback
from framecue.uses.accuracy import Accuracy, accuracy_of_ranks
from framecue.uses.compare import Comparer, Progress, comparer_of, encode_places, probabilities, temperature_of
from framecue.uses.labels import KINETICS_TEMPLATES, check_labels, check_templates, phrasings
from framecue.uses.places import VideoPlace
from framecue.uses.reading import BATCH_VIDEOS
from framecue.uses.truth import TrueLabel
from framecue.validation import shown
from framecue.video import VideoSource

__all__ = ["NOT_FINITE", "Classification", "Classified", "Prediction", "as_places", "classify", "predictions"]

NOT_FINITE = "the model gives no finite vector for it"


@dataclass(frozen=True)
class Prediction:
    """A label that a video may have.

    Attributes:
        label: the label.
        probability: in [0, 1], among all labels.
        score: the cosine similarity of the video and the texts that stand for the label.
    """

    label: str
    probability: float
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {"label": self.label, "probability": self.probability, "score": self.score}


@dataclass(frozen=True)
class Classified:
    """A video with its likeliest labels.

    Attributes:
        place: the video.
        predictions: the likeliest labels, best first.
        true_label: its real label; None if that is not known.
        true_rank: the rank of that one, 1 is best; labels that score the same come before it.
    """

    place: VideoPlace
    predictions: tuple[Prediction, ...]
    true_label: str | None = None
    true_rank: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "path": self.place.path,
            "start_seconds": self.place.start_seconds,
            "end_seconds": self.place.end_seconds,
            "predictions": [one.to_dict() for one in self.predictions],
            "true_label": self.true_label,
            "true_rank": self.true_rank,
        }


@dataclass(frozen=True)
class Classification:
    """What became of some videos.

    Attributes:
        num_labels: how many labels there were to choose from.
        templates: the templates.
        temperature: what the cosines were divided by before the softmax.
        videos: those that could be read, in the order in which they were given.
        skipped: the others, with reasons.
        accuracy: over the videos whose label is known; None if that is none of them.
    """

    num_labels: int
    templates: tuple[str, ...]
    temperature: float
    videos: tuple[Classified, ...]
    skipped: tuple[Skipped, ...]
    accuracy: Accuracy | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "labels": self.num_labels,
            "templates": list(self.templates),
            "temperature": self.temperature,
            "videos": [one.to_dict() for one in self.videos],
            "skipped": [one.to_dict() for one in self.skipped],
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
        }


def classify(
    model: VideoTextModel | Encoder,
    videos: Sequence[VideoPlace | str],
    labels: Sequence[str],
    *,
    templates: Sequence[str] = KINETICS_TEMPLATES,
    top_k: int = 5,
    truth: Sequence[TrueLabel] = (),
    source: VideoSource | None = None,
    batch_size: int = BATCH_VIDEOS,
    progress: ProgressCallback | None = None,
    label_progress: Progress | None = None,
) -> Classification:
    """Say which labels videos likely have, without any training on them (CLIP, arXiv 2103.00020, 3.1).

    Each label is written into each template, and the video is compared with what stands for it: the mean of these
    texts' unit embeddings, made a unit vector again; with a fusion, each text, and the mean of the cosines. Of a video
    the model looks at as many frames as ever, spread over all of it or over its window.

    Args:
        model: encodes videos and texts, or compares them.
        videos: files, or windows of files.
        labels: two or more.
        templates: with ``{}`` for the label; the default is what CLIP took for Kinetics.
        top_k: how many labels of each video are in the result.
        truth: the labels that videos really have, for the accuracy; videos that are not among `videos` do not count.
            One that cannot be read counts as wrong.
        source: reads the files; None decodes them in other processes, as they may be anybody's.
        batch_size: how many videos go through the model at once.
        progress: called with (files done, files in all).
        label_progress: called with (texts done, texts in all) while the labels are encoded.

    Raises:
        InputError: labels or templates cannot be used (see `read_labels`), `top_k` or `batch_size` is below 1, there is
            no video, the truth names a label that is not among the labels, or the model cannot tell two labels apart.
        NotOfflineError: it is a fusion that is none of framecue's own.
    """
    chosen, phrased = check_labels(labels), check_templates(templates)
    for name, value in (("top_k", top_k), ("batch_size", batch_size)):
        if not is_whole(value) or value < 1:
            raise InputError(f"{name} is {value!r}; it must be a whole number, 1 or more")
    places = as_places(videos)
    true = _true_places(truth, chosen)
    comparer: Comparer[Any, Any] = comparer_of(model)
    temperature = temperature_of(model)
    candidates = comparer.candidates([phrasings(label, phrased) for label in chosen], progress=label_progress)
    same = comparer.alike(candidates)
    if same is not None:
        one, other = (f"{shown(chosen[number])} (label {number + 1})" for number in same)
        raise InputError(f"the labels {one} and {other} are the same to the model; take one out, or reword it")
    found: list[Classified] = []
    skipped: list[Skipped] = []
    ranks: dict[VideoPlace, int | None] = {}
    for place, video in encode_places(model, comparer, places, source=source, batch_size=batch_size):
        own, rank = true.get(place), None
        cosines = np.full(1, np.nan) if isinstance(video, VideoError) else comparer.cosines(candidates, video)[0]
        if not np.isfinite(cosines).all():
            reason = video.reason if isinstance(video, VideoError) else NOT_FINITE
            log_skipped(place.path, reason)
            skipped.append(Skipped(place.name, reason))
        else:
            rank = None if own is None else _rank(cosines, own)
            best = predictions(chosen, cosines, temperature)[:top_k]
            found.append(Classified(place, best, None if own is None else chosen[own], rank))
        if own is not None:
            ranks[place] = rank
        if progress is not None:
            progress(FilesDone(len(found) + len(skipped), place.path), len(places))
    accuracy = accuracy_of_ranks(chosen, [true[place] for place in ranks], list(ranks.values())) if ranks else None
    return Classification(len(chosen), phrased, temperature, tuple(found), tuple(skipped), accuracy)


def predictions(labels: Sequence[str], cosines: np.ndarray, temperature: float) -> tuple[Prediction, ...]:
    """Return all labels with probabilities and scores, best first; those that score the same in the order given.

    Args:
        labels: L of them.
        cosines: of a video with each, (L,).
        temperature: what they are divided by before the softmax.
    """
    shares = probabilities(cosines, temperature)
    return tuple(
        Prediction(labels[place], float(shares[place]), float(cosines[place]))
        for place in np.argsort(-cosines, kind="stable").tolist()
    )


def as_places(videos: Sequence[VideoPlace | str]) -> list[VideoPlace]:
    """Return videos as places with absolute paths, each once.

    Raises:
        InputError: there is none, or one is a URL.
    """
    given = [videos] if isinstance(videos, (str, VideoPlace)) else videos
    named = [one if isinstance(one, VideoPlace) else VideoPlace(str(one)) for one in given]
    places = [one._replace(path=noted_path(one.path)) for one in named]
    if not places:
        raise InputError("no video; give at least one file")
    return list(dict.fromkeys(places))


def _true_places(truth: Sequence[TrueLabel], labels: Sequence[str]) -> Mapping[VideoPlace, int]:
    """Return the place of each video's label among the labels."""
    numbers = {label: number for number, label in enumerate(labels)}
    for one in truth:
        if one.label not in numbers:
            raise InputError(
                f"{one.where}: the label {shown(one.label)} is not among the {len(labels)} labels; "
                "add it to them, or mend its spelling"
            )
    return {one.place: numbers[one.label] for one in truth}


def _rank(cosines: np.ndarray, own: int) -> int:
    """Return the rank of a label, 1 is best; a tie counts against it."""
    return int((cosines >= cosines[own]).sum())
