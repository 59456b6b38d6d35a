"""The classifier's weights where there are too many examples to compare each with each.

Exact training needs an [n, n] array, and a question is then compared with all n examples. Beyond some thousands the
same regression is solved on landmarks (Nyström's approximation): a few examples of every label, spread over it. A
question is compared with those alone, so its cost grows with the number of labels and not with that of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
from scipy.linalg import cholesky, solve_triangular

# Exact up to so many examples: 20,000² float32 are 1.6 GB while training.
EXACT_UP_TO = 20_000
LANDMARKS = 5_000
_BLOCK = 2_048
# Relative to the mean of the diagonal: keeps the factorisation from failing on landmarks that say the same.
_JITTER = 1e-6

Likeness = Callable[[np.ndarray, scipy.sparse.csr_matrix, scipy.sparse.csr_matrix], np.ndarray]
"""Cosines [b, m], the block's rows and the landmarks' rows → likenesses [b, m]."""


@dataclass(frozen=True)
class Examples:
    """All examples, those of a label together: v dimensions, t terms."""

    vectors: np.ndarray  # [n, v]
    rows: scipy.sparse.csr_matrix  # [n, t]
    owners: np.ndarray  # [n] number of the label
    groups: np.ndarray  # [n]
    trust: np.ndarray  # [n]
    labels: int

    def blocks(self) -> list[slice]:
        return [slice(start, start + _BLOCK) for start in range(0, len(self.owners), _BLOCK)]


def choose(owners: np.ndarray, labels: int, count: int = LANDMARKS) -> np.ndarray:
    """Numbers of the landmarks, ascending: as many of each label (at least one), evenly spread over its examples."""
    each = max(1, count // labels)
    starts = np.searchsorted(owners, np.arange(labels + 1))
    spread = [
        np.unique(np.linspace(start, end - 1, min(each, end - start)).round().astype(int))
        for start, end in pairwise(starts)
    ]
    return np.concatenate(spread)


def fit(
    examples: Examples, landmarks: np.ndarray, targets: np.ndarray, likeness: Likeness, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights [m, c]; for every example its held-out scores [n, c] and nearest landmark of each label [n, c].

    `targets` [n]: what an example should score for its own label; for all others it is 0. Minimises the trusted squared
    errors plus `ridge` times the function's norm; what each example would have got without its own group comes from the
    same factor.
    """
    vectors, rows = examples.vectors[landmarks], examples.rows[landmarks]
    between = likeness(vectors @ vectors.T, rows, rows)
    system = ridge * between.astype(np.float64)
    system[np.diag_indices_from(system)] += _JITTER * np.trace(system) / len(system)
    wanted = np.zeros((len(landmarks), examples.labels))
    for block in examples.blocks():
        near = likeness(examples.vectors[block] @ vectors.T, examples.rows[block], rows)
        trusted = near * examples.trust[block, None]
        system += near.T @ trusted
        owners = examples.owners[block]
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        wanted[:, owners[firsts]] += np.add.reduceat(trusted * targets[block, None], firsts, axis=0).T
    root = cholesky(system, lower=True, overwrite_a=True)
    inner = solve_triangular(root, wanted, lower=True)
    weights = solve_triangular(root, inner, lower=True, trans="T").astype(np.float32)
    scores = np.empty((len(examples.owners), examples.labels), dtype=np.float32)
    nearest = np.empty_like(scores)
    lever = np.empty((len(examples.owners), len(landmarks)), dtype=np.float32) if _has_groups(examples) else None
    root = root.astype(np.float32)
    for block in examples.blocks():
        cosines = examples.vectors[block] @ vectors.T
        nearest[block] = _nearest(cosines, examples.groups[block], landmarks, examples)
        near = likeness(cosines, examples.rows[block], rows)
        levers = solve_triangular(root, near.T, lower=True).T
        if lever is not None:
            lever[block] = levers
        scores[block] = near @ weights
        _leave_out(scores[block], levers, targets[block], examples, block)
    if lever is not None:
        _leave_out_groups(scores, lever, targets, examples)
    return weights, scores, nearest


def _has_groups(examples: Examples) -> bool:
    return len(np.unique(examples.groups)) < len(examples.groups)


def _leave_out(scores: np.ndarray, levers: np.ndarray, targets: np.ndarray, examples: Examples, block: slice) -> None:
    """Each example's scores as they would be without it, in place: y - (y - f) / (1 - h)."""
    held = np.clip(examples.trust[block] * np.einsum("ij,ij->i", levers, levers), 0.0, 0.999)
    at = (np.arange(len(scores)), examples.owners[block])
    scores[at] -= targets
    scores /= (1.0 - held)[:, None]
    scores[at] += targets


def _leave_out_groups(scores: np.ndarray, lever: np.ndarray, targets: np.ndarray, examples: Examples) -> None:
    """The same for examples that are variants of each other, all of the group left out at once."""
    order = np.argsort(examples.groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(examples.groups[order])) + 1):
        if len(members) < 2:
            continue
        trust = examples.trust[members]
        hat = lever[members] @ lever[members].T * trust[None, :]
        alone = 1.0 - np.clip(np.diag(hat), 0.0, 0.999)
        at = (np.arange(len(members)), examples.owners[members])
        residuals = scores[members]
        residuals[at] -= targets[members]
        residuals *= alone[:, None]  # undo leaving out one by one
        residuals = np.linalg.solve(np.eye(len(members)) - hat, residuals)
        residuals[at] += targets[members]
        scores[members] = residuals


def _nearest(cosines: np.ndarray, groups: np.ndarray, landmarks: np.ndarray, examples: Examples) -> np.ndarray:
    """[b, c]: cosine to the nearest landmark of each label, those of the same group left out."""
    others = np.where(groups[:, None] == examples.groups[landmarks][None, :], np.float32(-1.0), cosines)
    starts = np.searchsorted(examples.owners[landmarks], np.arange(examples.labels))
    return np.maximum.reduceat(others, starts, axis=1)
