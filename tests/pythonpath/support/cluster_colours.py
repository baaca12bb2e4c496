"""The tests' encoder as one that actors of a cluster load by its name, without torch.

A package registers an encoder by an entry point, so that is what a test's folder has. What the encoder does besides is
said by variables, as it runs in processes that Ray starts.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from framecue.encoder import EncoderSpec, Fingerprint
from support.colours import ColourEncoder

__all__ = ["POISON", "SLOW", "ClusterColours", "driver_environment", "load"]

NAME = "cluster-colours"
SLOW = "FRAMECUE_TEST_SLOW_SECONDS"
"""So long each batch takes."""
POISON = "FRAMECUE_TEST_POISON"
"""A moment that is nearly white ends the process that is to encode it."""
_WHITE = 0.85


class ClusterColours(ColourEncoder):
    """Encodes colours, and is found by a name."""

    def fingerprint(self) -> Fingerprint:
        """Return what tells it from other encoders, with the name of its loader."""
        return replace(super().fingerprint(), encoder=NAME)

    def spec(self) -> EncoderSpec:
        """Return its description."""
        return EncoderSpec(fingerprint=self.fingerprint())

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return the mean colours' vectors, or do what the variables say."""
        if POISON in os.environ and pixel_values.mean(axis=(1, 3, 4)).min(axis=1).max() > _WHITE:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(os.environ.get(SLOW, "0")))
        return super().embed_videos(pixel_values)


def load(spec: EncoderSpec) -> ClusterColours:
    """Load the encoder that a description names."""
    return ClusterColours(num_frames=spec.fingerprint.sampling.num_frames, name=spec.fingerprint.backbone)


def driver_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a driver whose actors find the encoder, as `ray job submit` would give it.

    Args:
        folder: any folder, for the encoder's entry point.
        variables: what the actors are to have besides.
    """
    package = folder / "cluster_colours-0.dist-info"
    if not package.exists():
        package.mkdir(parents=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: cluster-colours\nVersion: 0\n")
        (package / "entry_points.txt").write_text(f"[framecue.encoders]\n{NAME} = support.cluster_colours:load\n")
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    job = {"runtime_env": {"env_vars": {"PYTHONPATH": path, **variables}}}
    return {**os.environ, "PYTHONPATH": path, "RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps(job)}
