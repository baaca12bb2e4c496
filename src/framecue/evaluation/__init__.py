"""Measuring how well a model retrieves: ranks, recalls and twin accuracy."""

from __future__ import annotations

from framecue.evaluation.exact import inner_products
from framecue.evaluation.metrics import (
    RankMetrics,
    RetrievalMetrics,
    retrieval_metrics,
    retrieval_metrics_from_embeddings,
    retrieval_ranks,
    twin_accuracy,
)

__all__ = [
    "RankMetrics",
    "RetrievalMetrics",
    "inner_products",
    "retrieval_metrics",
    "retrieval_metrics_from_embeddings",
    "retrieval_ranks",
    "twin_accuracy",
]
