"""How well each label fits a text: kernel ridge regression over meaning and spelling.

Two texts are alike by `exp(sharpness * (cosine of their vectors - 1)) + spelling * (product of their n-gram rows)`. A
label's score is a weighted sum of the likenesses to all examples, and the weights come from one linear system. That
gives three things a logistic regression would not: training in seconds with hundreds of labels; for every example the
score it would have had if it (and its variants) had not been trained on, from the same system (so calibration and
thresholds need no second training); and, on the way, the nearest examples, which tell whether a question is one the
desk knows at all. With very many examples the same is done on a part of them: see `landmarks.py`.

Vectors are compared along the main axes of the examples' own: a third of the numbers tells as much, and most of a
question's cost is reading them. Axes along which the texts of one label differ anyway count less. (The axes have seen
all examples: held-out scores flatter a little where a label has few.)

All arrays are float32; n examples, v vector dimensions, d of them kept, t n-gram terms, c labels.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse
from scipy.linalg.lapack import spotrf, spotrs, strtri

from bot.nlu import landmarks
from bot.nlu.cosines import Cosines, Rounded
from bot.nlu.ngrams import NGrams

# Rows taken at a time where a whole [n, n] array more would be needed.
_BLOCK = 512
# Added to what the texts of one label differ by along an axis, where 1 is the mean: no axis counts without limit.
_LEAST_SPREAD = 0.3
# Of more labels than this only the nearest are scored.
CONSIDERED = 120


@dataclass(frozen=True)
class Settings:
    """Chosen by cross-validation, on our own examples and on BANKING77's training data alike."""

    sharpness: float = 5.0
    spelling: float = 0.2
    ridge: float = 0.1
    # 0: labels with many examples are preferred as they would be in the data; 1: each label counts the same.
    balance: float = 0.2
    # Main axes kept of the vectors' 1,152.
    dimensions: int = 384


@dataclass(frozen=True)
class Example:
    """One text of one label. Variants of one text share a `group`; a lighter `weight` is trusted less."""

    text: str
    label: str
    group: int
    weight: float = 1.0


@dataclass(frozen=True)
class HeldOut:
    """For every example, what it would have got had its group not been trained on."""

    scores: np.ndarray  # [n, c]
    nearest: np.ndarray  # [n, c] cosine to the nearest example of each label, -1 where there is none


class Classifier:
    """Scores of a text for all labels."""

    def __init__(
        self,
        settings: Settings,
        labels: Sequence[str],
        ngrams: NGrams,
        axes: np.ndarray,
        compared: Rounded,
        rows: scipy.sparse.csr_matrix,
        owners: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        """`axes` [v, d] to compare along; `compared` [n, d] along them and `rows` [n, t] of what a text is compared
        with, `owners` [n] the numbers of their labels, ascending, and `weights` [n, c]."""
        self.settings = settings
        self.labels = list(labels)
        self._ngrams = ngrams
        self._axes = axes
        self._cosines = Cosines(compared)
        # By term: a text has few of them, and each leads to the examples that have it, too.
        self._by_term = rows.T.tocsr()
        self._owners = owners
        self._by_label = np.ascontiguousarray(weights.T)
        self._starts = np.searchsorted(owners, np.arange(len(labels)))

    def score(self, text: str, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores [c] and the cosine to the nearest example of each label [c]."""
        cosines = self._cosines.to(_along(self._axes, vector))
        likeness = np.exp(self.settings.sharpness * (cosines - 1.0))
        terms, weights = self._ngrams.weigh(text)
        likeness += self.settings.spelling * (self._by_term[terms].T @ weights)
        nearest = np.maximum.reduceat(cosines, self._starts)
        if len(self.labels) <= CONSIDERED:
            return self._by_label @ likeness, nearest
        # What nothing near belongs to would score about 0; reading its weights would cost more than all the rest.
        scores = np.zeros(len(self.labels), dtype=np.float32)
        near = np.argpartition(-nearest, CONSIDERED)[:CONSIDERED]
        scores[near] = [self._by_label[at] @ likeness for at in near]
        return scores, nearest

    @classmethod
    def fit(
        cls,
        examples: Sequence[Example],
        vectors: np.ndarray,
        settings: Settings | None = None,
        exact_up_to: int = landmarks.EXACT_UP_TO,
    ) -> tuple[Classifier, HeldOut]:
        """Trains on the examples and their `vectors` [n, v]. The held-out scores are in the order of the examples."""
        settings = settings or Settings()
        labels = sorted({example.label for example in examples})
        number = {label: index for index, label in enumerate(labels)}
        owners = np.array([number[example.label] for example in examples])
        order = np.argsort(owners, kind="stable")
        ordered = [examples[index] for index in order]
        ngrams = NGrams()
        sorted_vectors = vectors[order].astype(np.float32)
        axes = _axes(sorted_vectors, owners[order], settings)
        given = landmarks.Examples(
            vectors=_along(axes, sorted_vectors),
            rows=ngrams.fit([example.text for example in ordered]),
            owners=owners[order],
            groups=np.array([example.group for example in ordered]),
            trust=np.array([example.weight for example in ordered], dtype=np.float32),
            labels=len(labels),
        )
        if len(ordered) <= exact_up_to:
            compared, (weights, held_out) = np.arange(len(ordered)), _fit_exactly(given, settings)
        else:
            compared = landmarks.choose(given.owners, len(labels))
            weights, scores, nearest = landmarks.fit(
                given, compared, _targets(given, settings), partial(_likeness, settings=settings), settings.ridge
            )
            held_out = HeldOut(scores, nearest)
        back = np.argsort(order, kind="stable")
        classifier = cls(
            settings,
            labels,
            ngrams,
            axes,
            Rounded.of(given.vectors[compared]),
            given.rows[compared],
            given.owners[compared],
            weights,
        )
        return classifier, HeldOut(held_out.scores[back], held_out.nearest[back])

    def save(self, folder: Path) -> None:
        """Everything into the folder, without pickles."""
        self._ngrams.save(folder)
        scipy.sparse.save_npz(folder / "rows.npz", self._by_term.T.tocsr())
        np.savez(folder / "examples.npz", axes=self._axes, owners=self._owners, weights=self._by_label.T)
        np.savez(folder / "compared.npz", **self._cosines.rounded.arrays())
        stored = {"labels": self.labels, "settings": self.settings.__dict__}
        (folder / "classifier.json").write_text(json.dumps(stored), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Classifier:
        """As saved."""
        stored = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        rows = scipy.sparse.load_npz(folder / "rows.npz")
        with np.load(folder / "examples.npz") as arrays, np.load(folder / "compared.npz") as compared:
            return cls(
                Settings(**stored["settings"]),
                stored["labels"],
                NGrams.load(folder),
                arrays["axes"],
                Rounded(**compared),
                rows,
                arrays["owners"],
                arrays["weights"],
            )


def _axes(vectors: np.ndarray, owners: np.ndarray, settings: Settings) -> np.ndarray:
    """[v, d]: the axes along which the vectors [n, v] are longest, the shorter the more the texts of one label differ
    along them anyway (within-class covariance normalisation, by half)."""
    moments = vectors.T @ vectors
    _, longest = np.linalg.eigh(moments.astype(np.float64))
    longest = longest[:, ::-1][:, : settings.dimensions]
    along = vectors @ longest.astype(np.float32)
    starts = np.searchsorted(owners, np.arange(owners[-1] + 1))
    means = np.add.reduceat(along, starts) / np.bincount(owners)[:, None]
    within = along - means[owners]
    spread, turned = np.linalg.eigh((within.T @ within).astype(np.float64))
    spread /= max(float(spread.mean()), 1e-12)  # none at all where every label has one text
    # What few examples tell about so many axes is mostly chance: the fewer, the less it counts.
    chance = len(spread) / max(1, len(vectors) - len(starts))
    return np.ascontiguousarray(longest @ (turned * (spread + _LEAST_SPREAD + chance) ** -0.25), dtype=np.float32)


def _along(axes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors [n, v] or one [v] along the axes, of length 1 again."""
    found = vectors @ axes
    return found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), 1e-9)


def _fit_exactly(given: landmarks.Examples, settings: Settings) -> tuple[np.ndarray, HeldOut]:
    """The weights [n, c] of all examples, and what each would have got without its group."""
    targets = np.zeros((len(given.owners), given.labels), dtype=np.float32)
    targets[np.arange(len(given.owners)), given.owners] = _targets(given, settings)
    cosines = given.vectors @ given.vectors.T
    nearest = _nearest(cosines, given.groups, given.owners, given.labels)
    system = _likeness(cosines, given.rows, given.rows, settings)
    system[np.diag_indices_from(system)] += settings.ridge / given.trust
    weights, inverse_root = _solve(system, targets)
    return weights, HeldOut(_held_out(weights, inverse_root, given.groups, targets), nearest)


def _targets(given: landmarks.Examples, settings: Settings) -> np.ndarray:
    """[n]: what each example's score for its own label should be, less for labels with many examples."""
    sizes = np.bincount(given.owners, weights=given.trust, minlength=given.labels)
    return ((sizes[given.owners] / sizes.mean()) ** -settings.balance).astype(np.float32)


def _likeness(
    cosines: np.ndarray, left: scipy.sparse.csr_matrix, right: scipy.sparse.csr_matrix, settings: Settings
) -> np.ndarray:
    """[l, r], made in place of the cosines: with ten thousand examples each such array takes half a gigabyte."""
    cosines -= 1.0
    cosines *= settings.sharpness
    np.exp(cosines, out=cosines)
    others = right.T.tocsr()
    for start in range(0, len(cosines), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines[block] += settings.spelling * (left[block] @ others).toarray()
    return cosines


def _solve(system: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights [n, c] and the inverse [n, n] of the system's lower Cholesky factor, which is made in place of it."""
    # The system is symmetric, so its transpose is itself in the order of memory that LAPACK works on without a copy.
    factor, failed = spotrf(system.T, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise ValueError("the examples' likeness cannot be factorised: a larger ridge is needed")
    weights, _ = spotrs(factor, targets, lower=1)
    inverse_root, _ = strtri(factor, lower=1, overwrite_c=1)
    return np.ascontiguousarray(weights), inverse_root


def _held_out(weights: np.ndarray, inverse_root: np.ndarray, groups: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """[n, c]: scores without the example's own group.

    With a group's block B of the system's inverse and its weights w, the rest alone would miss the group's targets by
    B⁻¹w.
    """
    scores = targets.copy()
    for members in _members(groups):
        columns = inverse_root[members.min() :, members]
        scores[members] -= np.linalg.solve(columns.T @ columns, weights[members])
    return scores


def _members(groups: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


def _nearest(cosines: np.ndarray, groups: np.ndarray, owners: np.ndarray, count: int) -> np.ndarray:
    """[n, c]: cosine to the nearest example of each label, those of the same group left out."""
    starts = np.searchsorted(owners, np.arange(count))
    nearest = np.empty((len(cosines), count), dtype=np.float32)
    for start in range(0, len(cosines), _BLOCK):
        block = slice(start, start + _BLOCK)
        others = np.where(groups[block, None] == groups[None, :], np.float32(-1.0), cosines[block])
        nearest[block] = np.maximum.reduceat(others, starts, axis=1)
    return nearest
