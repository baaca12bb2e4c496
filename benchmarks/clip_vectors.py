"""Vectors as CLIP's are known to lie, for measuring searches where there are no real ones.

- They fill a narrow cone: half of a vector is a direction that all pictures share, so that any two have a cosine of
  about 0.5; texts share another direction, and a text and the picture that it describes have a cosine of about 0.3
  (Liang et al., "Mind the Gap", arXiv 2203.02053, shows both).
- What varies does so mostly along few directions: the n-th largest has a variance of 1/n.
- It comes in groups within groups: 1000 topics, some of them larger than others; in a topic, videos; in a video,
  segments that are nearly the same.

Texts are hard for an index: they lie apart from what they are compared with, so their nearest pictures are nearest by
little, and lie in many places. No real library was looked at for this; one may be easier or harder.
"""

from __future__ import annotations

import numpy as np

__all__ = ["World"]

NUM_TOPICS = 1000
# Shares of what varies: of the topic, of the video within it, of the segment within that.
TOPIC, VIDEO, SEGMENT = 0.45, 0.35, 0.2
# The share of a vector that all pictures have; the cosine of that with what all texts have; how much of a text is what
# the picture shows.
SHARED, TEXT_COSINE, TEXT_CONTENT = 0.5, 0.35, 0.3


class World:
    """Where vectors come from: "clip" as described above, or "gaussian" for directions at random.

    Attributes:
        topics_drawn: int (videos,), the topics of the videos that were made last.
    """

    def __init__(self, width: int, kind: str) -> None:
        self.width, self.kind = width, kind
        self.rng = np.random.default_rng(0)
        variances = 1 / np.arange(1, width + 1)
        turned = np.linalg.qr(self.rng.standard_normal((width, width)))[0]
        self.basis = (np.sqrt(variances / variances.sum())[:, None] * turned).astype(np.float32)
        of_pictures, other = np.linalg.qr(self.rng.standard_normal((width, 2)))[0].T.astype(np.float32)
        self.of_pictures = of_pictures
        self.of_texts = TEXT_COSINE * of_pictures + np.sqrt(1 - TEXT_COSINE**2) * other
        sizes = np.arange(1, NUM_TOPICS + 1) ** -0.7
        self.chances = self.rng.permutation(sizes / sizes.sum())
        self.topics = self.draw(NUM_TOPICS)
        self.topics_drawn = np.empty(0, dtype=np.int64)

    def draw(self, number: int) -> np.ndarray:
        """What varies, float32 (N, width), of length about 1."""
        return self.rng.standard_normal((number, self.width), dtype=np.float32) @ self.basis

    def content(self, num_videos: int, num_segments: int) -> np.ndarray:
        """What varies of the segments of some videos, (videos * segments, width)."""
        self.topics_drawn = self.rng.choice(NUM_TOPICS, num_videos, p=self.chances)
        videos = np.sqrt(TOPIC) * self.topics[self.topics_drawn] + np.sqrt(VIDEO) * self.draw(num_videos)
        return np.repeat(videos, num_segments, axis=0) + np.sqrt(SEGMENT) * self.draw(num_videos * num_segments)

    def pictures(self, num_videos: int, num_segments: int) -> np.ndarray:
        """Unit vectors of segments, float32 (videos * segments, width)."""
        content = self.content(num_videos, num_segments)
        if self.kind == "gaussian":
            return unit(self.rng.standard_normal(content.shape, dtype=np.float32))
        return unit(np.sqrt(SHARED) * self.of_pictures + np.sqrt(1 - SHARED) * content)

    def texts(self, number: int) -> np.ndarray:
        """Unit vectors of texts, float32 (number, width); each has something of what one more video shows."""
        if self.kind == "gaussian":
            return self.pictures(number, 1)
        content = TEXT_CONTENT * self.content(number, 1) + np.sqrt(1 - TEXT_CONTENT**2) * self.draw(number)
        return unit(np.sqrt(SHARED) * self.of_texts + np.sqrt(1 - SHARED) * content)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
