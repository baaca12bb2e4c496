"""What is shipped in the package: models, adapters, recipes."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ASSETS", "RECIPES"]

ASSETS = Path(__file__).parent / "assets"
RECIPES = ASSETS / "recipes"
