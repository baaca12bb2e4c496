"""What is written in the picture: titles, captions, slides and signs, read by RapidOCR's models (PP-OCR).

Where text stands is looked for in a small copy of each picture, which is all that a picture without text costs; the
lines are read from a larger one. A line that stands still is read once. In a second pass over the file, which a video
without text does not need, when each text comes and goes is told from what stands in its place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError, VideoError, first_line
from framecue.video import IsolatedReader, Look
from framecue.video.isolate.questions.looks import LooksQuestion
from framecue.words.blocks import join_blocks
from framecue.words.denormals import without_denormals
from framecue.words.edges import grey_copy
from framecue.words.joining import join_lines
from framecue.words.lines import Piece, in_lines, says_something
from framecue.words.looking import looked_at
from framecue.words.screen_models import WAY_OUT, choose_models
from framecue.words.shown_times import Reading, reading_of, texts_with_times
from framecue.words.source import WordsFingerprint, WordsUnit
from framecue.words.timed_text import WRITTEN, Kind, TimedText

if TYPE_CHECKING:
    from rapidocr import RapidOCR

__all__ = ["ScreenText"]

# It rises when the same pictures are to give other words.
_VERSION = "1"
# Of a picture of 1280 x 720, letters of 25 pixels are found in a copy of 480 x 270, and read in the picture. A copy of
# 320 takes three quarters of the time and loses one title in four of that size.
_LONG_SIDE = 1280
_FINDING_SIDE = 480
# Whether a text stands in its place shows in a smaller picture, at half the size only for large letters.
_PLACE_SIDE = 960
# Readings of text are mostly above 0.9; what the model makes of scripts that it does not know is mostly below 0.8.
_MIN_CONFIDENCE = 0.8
# Lower pieces cannot be read, and a picture full of text is read until its lines are so many times as long as high: a
# title is 10, a page of a phone 500. The highest come first.
_MIN_HEIGHT = 6
_MAX_LENGTHS = 600.0
_LEAST_SIDE = 16
# Two pictures of a line are the same if it stands in the same place, but for pixels, and no part of it differs by more
# than so many grey levels.
_SAME_PLACE = 4.0
_SAME_GREY = 20


class ScreenText:
    """Reads what is written in videos and pictures.

    Args:
        model: a folder with two ONNX models of the PP-OCR family, one with ``det`` in its name, which finds text, and
            one with ``rec``, which reads it; None for those that come with RapidOCR, which read Chinese, Japanese
            and what is written in Latin letters.
        min_confidence: readings with less are left out.

    Raises:
        InputError: RapidOCR is not installed, the folder does not hold the two models, or a number makes no sense.
    """

    kind: Kind = WRITTEN

    def __init__(self, model: str | Path | None = None, *, min_confidence: float = _MIN_CONFIDENCE) -> None:
        if not 0 <= min_confidence <= 1:
            raise InputError(f"min_confidence is {min_confidence}; it must be in [0, 1]")
        self._model = None if model is None else str(model)
        self._models = choose_models(None if model is None else Path(model))
        self._min_confidence = min_confidence

    @cached_property
    def fingerprint(self) -> WordsFingerprint:
        """What it is: by the models' content, not by where they are."""
        return WordsFingerprint(
            source="screen",
            model=self._model,
            revision=self._models.content_hash(),
            version=f"{_VERSION}, rapidocr {self._models.package_version}",
            options={"min_confidence": self._min_confidence},
        )

    def find(self, unit: WordsUnit, reader: IsolatedReader) -> Iterator[TimedText]:
        """Yield what is written in a file, a text a line, in the order of the beginnings.

        A text that is shown for a while comes once; one that is read a little differently from picture to picture is
        what was read with the most confidence.

        Args:
            unit: the file.
            reader: decodes it.

        Raises:
            VideoError: the file cannot be read; what was read before has been yielded.
            InputError: RapidOCR or its models cannot be used.
        """
        if not unit.segments:
            return
        readings: list[Reading] = []
        problem: VideoError | None = None
        glance = _Glance(self._engine, self._min_confidence)
        try:
            for look in _looks(unit.path, looked_at(unit.segments), long_side=_LONG_SIDE, reader=reader):
                readings.append(reading_of(look, glance.lines(look.pixels)))
        except VideoError as error:
            problem = error
        readings.sort(key=lambda reading: reading.first_seconds)
        shown = join_blocks(join_lines([reading.lines for reading in readings]))
        looks_again = unit.kind == "video" and problem is None
        look_again = partial(_looks, unit.path, long_side=_PLACE_SIDE, reader=reader) if looks_again else None
        texts = texts_with_times(shown, readings, unit.segments, look_again)
        yield from sorted(texts, key=lambda text: text.start_seconds)
        if problem is not None:
            raise problem

    @cached_property
    def _engine(self) -> RapidOCR:
        # It writes to the standard error from its import on, and sets its own level.
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        try:
            import rapidocr
        except ImportError as error:
            raise InputError(
                f"text on screen is read with RapidOCR, which cannot be imported ({first_line(error)}); {WAY_OUT}"
            ) from error
        params = {
            "Global.log_level": "critical",
            "Global.use_cls": False,  # which turns lines that are upside down, a rare thing in videos
            # The models run in the thread that asks, which is told how to take their smallest weights.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            # With paths, RapidOCR looks for no models of its own, nor downloads them.
            "Det.model_path": str(self._models.finding),
            "Rec.model_path": str(self._models.reading),
            "Det.limit_side_len": _FINDING_SIDE,
            "Det.limit_type": "max",
            # Lines of several lengths are drawn out to the longest if they are read at once. Short ones are filled up
            # to 320 pixels, its default: with 160 it is quicker, and reads words where there are none.
            "Rec.rec_batch_num": 1,
        }
        try:
            engine = rapidocr.RapidOCR(params=params)
            # It loads its models when they are first used: here, so that a model's fault is not a video's.
            blank = np.full((64, 64, 3), 255, np.uint8)
            engine(blank)
            engine.recognize_txt([blank])
        except Exception as error:  # its own kinds, and those of ONNX Runtime
            raise InputError(f"RapidOCR cannot use {self._model or 'its models'}: {first_line(error)}") from error
        return engine


class _Glance:
    """Reads one picture of a video after the other, and remembers the pieces of the one before.

    Args:
        engine: RapidOCR.
        min_confidence: readings with less are left out.
    """

    def __init__(self, engine: RapidOCR, min_confidence: float) -> None:
        self._engine, self._min_confidence = engine, min_confidence
        self._before: list[Piece] = []

    def lines(self, pixels: np.ndarray) -> list[Piece]:
        """Return the lines in a picture, in the order of reading.

        Args:
            pixels: uint8 (H, W, 3), RGB.
        """
        with without_denormals():
            self._before = [self._read(box, picture) for box, picture in self._found(pixels)]
        sure = [piece for piece in self._before if piece.text and piece.confidence >= self._min_confidence]
        return [line for line in in_lines(sure) if says_something(line.text)]

    def _found(self, pixels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return where text stands, and the pictures of it, of which the highest that there is time for."""
        from rapidocr.main import RapidOCRError

        if min(pixels.shape[:2]) < _LEAST_SIDE:
            return []
        try:
            # In BGR, as OpenCV has pictures.
            pictures, found = self._engine.detect_and_crop(np.ascontiguousarray(pixels[..., ::-1]), {})
        except RapidOCRError:  # its word for no text
            return []
        boxes = () if found.boxes is None else found.boxes
        pairs = [pair for pair in zip(boxes, pictures, strict=True) if min(pair[1].shape[:2]) >= _MIN_HEIGHT]
        pairs.sort(key=lambda pair: -pair[1].shape[0])
        lengths = np.cumsum([picture.shape[1] / picture.shape[0] for _, picture in pairs])
        return pairs[: max(1, int(np.searchsorted(lengths, _MAX_LENGTHS, side="right")))]

    def _read(self, box: np.ndarray, picture: np.ndarray) -> Piece:
        (left, top), (right, bottom) = box.min(axis=0).tolist(), box.max(axis=0).tolist()
        grey = grey_copy(picture)
        for piece in self._before:
            if _is_still(piece, (left, top, right, bottom), grey):
                return piece
        result = self._engine.recognize_txt([picture])
        (text,), (confidence,) = result.txts or ("",), result.scores or (0.0,)
        return Piece(text.strip(), min(1.0, float(confidence)), left, top, right, bottom, grey)


def _is_still(piece: Piece, place: tuple[float, float, float, float], grey: np.ndarray) -> bool:
    """Whether what stands in a place is a piece of the picture before, unchanged."""
    moved = max(map(abs, np.subtract((piece.left, piece.top, piece.right, piece.bottom), place)))
    if moved > _SAME_PLACE or piece.grey is None or piece.grey.shape != grey.shape:
        return False
    return int(np.abs(piece.grey.astype(np.int16) - grey).max()) <= _SAME_GREY


def _looks(path: str, moments: Sequence[float], *, long_side: int, reader: IsolatedReader) -> Iterator[Look]:
    for part in reader.ask(LooksQuestion(path, tuple(moments), long_side)):
        if isinstance(part, Look):
            yield part
