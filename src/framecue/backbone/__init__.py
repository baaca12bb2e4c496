"""CLIP-family models seen as two towers, with their preprocessing and tokenizer."""

from framecue.backbone.backbone import Backbone
from framecue.backbone.dtype import DTYPES, fast_dtype
from framecue.backbone.hashing import hash_of_tensors
from framecue.backbone.load import initialise_backbone, load_backbone
from framecue.backbone.moved import find_model, nearby_folders
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.source import is_hub_name
from framecue.backbone.towers import TextTower, Tower, VisionTower

__all__ = [
    "DTYPES",
    "Backbone",
    "Preprocess",
    "TextTower",
    "Tower",
    "VisionTower",
    "fast_dtype",
    "find_model",
    "hash_of_tensors",
    "initialise_backbone",
    "is_hub_name",
    "load_backbone",
    "nearby_folders",
]
