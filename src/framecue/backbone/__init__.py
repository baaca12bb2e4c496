"""CLIP-family models seen as two towers, with their preprocessing and tokenizer."""

from framecue.backbone.backbone import Backbone
from framecue.backbone.load import DTYPES, initialise_backbone, load_backbone
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.towers import TextTower, Tower, VisionTower

__all__ = [
    "DTYPES",
    "Backbone",
    "Preprocess",
    "TextTower",
    "Tower",
    "VisionTower",
    "initialise_backbone",
    "load_backbone",
]
