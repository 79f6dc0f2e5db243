"""What a worker does: thin and prepare a condition, embed it, measure the embeddings.

Each function takes the store's folder and a small description, reads what it needs memory-mapped and writes finished
pieces, so that any engine can call it anywhere the folder is seen. A failure of the science (a model that diverges, too
few pairs) is a finished piece that says why; a failure of the machine (a full disk) is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from noiselaw.arrays import as_dense
from noiselaw.errors import InputError, MissingDependency, NoiselawError, StoreError
from noiselaw.randomness import generator
from noiselaw.records import Estimate, Prepared
from noiselaw.represent import PCA, REPRESENTATIONS
from noiselaw.sweep.grid import Embed
from noiselaw.sweep.lessons import labels_of
from noiselaw.sweep.pieces import noisy_images, or_none, read_counts, read_pairs, read_split
from noiselaw.sweep.split import training_rows
from noiselaw.sweep.store import Piece, Store
from noiselaw.sweep.threads import one_thread

if TYPE_CHECKING:
    from noiselaw.records import Embedding, Matrix, Pairs, Split
    from noiselaw.represent.base import Encoder
    from noiselaw.sweep.grid import Condition, Measure, Profile

__all__ = ["count_failed", "embed", "fail", "measure", "prepare", "views_of"]

#: Before the name of each array of a fitted preparation.
_FITTED = "fitted_"


def prepare(root: str, condition: Condition) -> None:
    """Thin and prepare one condition."""
    store = Store.open(root)
    if store.has("conditions", condition.key):
        return
    with one_thread():
        began = time.perf_counter()
        outcome = _attempt(lambda: _prepared(store, condition))
        body, arrays = ({"error": outcome}, {}) if isinstance(outcome, str) else outcome
        store.write("conditions", condition.key, {**body, "seconds": time.perf_counter() - began}, arrays)


def _prepared(store: Store, condition: Condition) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    source = store.read("sources", condition.source)
    split = read_split(store, condition.split)
    images = condition.channel.takes == "images"
    clean: Matrix
    noisy: Matrix
    if images:
        clean = noisy = noisy_images(source, condition.channel, condition.seed)
    else:
        clean = read_counts(source)
        noisy = condition.channel.apply(clean, generator(condition.seed, "channel", condition.channel.level))
    size = condition.size or len(split.train)
    rows = training_rows(split, size, condition.seed, condition.subsets)
    features = np.asarray(source.arrays["features"])
    fitted = condition.preparation.fit(
        clean if condition.preparation.genes == "fixed" else noisy, rows, features, condition.channel.level
    )
    prepared = fitted.apply(noisy, np.asarray(source.arrays["names"]), condition.channel.level)
    held_out = noisy[split.test]
    body = {
        "u": condition.channel.strength(held_out),
        "notes": dict(fitted.notes),
        "shape": [int(length) for length in prepared.values.shape],
    }
    arrays = {}
    if not images:  # whose noise is drawn again where they are looked at, epoch by epoch
        body["empty_held_out"] = int((np.asarray(held_out.sum(axis=1)).ravel() == 0).sum())
        if body["empty_held_out"] == len(split.test):
            raise InputError(
                f"All {len(split.test):,} held-out observations are empty at level {condition.channel.level:g}, so "
                "there is nothing to measure. Ask for levels with more counts."
            )
        arrays = {name: getattr(csr_array(prepared.values), name) for name in ("data", "indices", "indptr")}
    chosen = {_FITTED + name: values for name, values in fitted.arrays().items()}
    return body, {**arrays, **chosen, "library_size": prepared.library_size, "features": prepared.features}


def embed(root: str, group: Sequence[Embed]) -> None:
    """Fit one representation of one condition at each size of ``group`` and embed the held-out observations."""
    store = Store.open(root)
    todo = [item for item in group if not store.has("embeddings", item.key)]
    if not todo:
        return
    with one_thread():
        began = time.perf_counter()
        first = todo[0]
        piece = _sound(store, "conditions", first.condition.key, lambda: prepare(root, first.condition))
        facts = {key: piece.body[key] for key in ("u", "empty_held_out", "notes") if key in piece.body}
        facts["preparation_seconds"] = piece.body["seconds"]
        if "error" in piece.body:
            for item in todo:
                store.write("embeddings", item.key, {**facts, "error": piece.body["error"], "seconds": 0.0})
            return
        views = _attempt(lambda: views_of(store, first, piece))
        if isinstance(views, str):
            for item in todo:
                store.write("embeddings", item.key, {**facts, "error": views, "seconds": 0.0})
            return
        train, test = views
        sizes = [item.size for item in todo]
        outcomes = _each_or_all(
            lambda: _fit_sizes(first, train, sizes), [_fitter(first, train, size) for size in sizes]
        )
        for item, encoder in zip(todo, outcomes, strict=True):
            seconds = (time.perf_counter() - began) / len(todo)
            _write_embedding(store, item, encoder, test, {**facts, "seconds": seconds})


def views_of(store: Store, item: Embed, piece: Piece) -> tuple[Prepared, Prepared]:
    """Return the training observations (in nested order) and the held-out ones as the model takes them."""
    condition = item.condition
    split = read_split(store, condition.split)
    source = store.read("sources", condition.source)
    images = condition.channel.takes == "images"
    prepared = Prepared(
        view="image" if images else "counts",
        values=noisy_images(source, condition.channel, condition.seed) if images else read_counts(piece),
        names=np.asarray(source.arrays["names"]),
        features=np.asarray(piece.arrays["features"]),
        library_size=np.asarray(piece.arrays["library_size"]),
        level=condition.channel.level,
        seed=condition.seed,
    )
    stored = {name: np.asarray(values) for name, values in piece.arrays.items() if name.startswith(_FITTED)}
    fitted = condition.preparation.restore({name.removeprefix(_FITTED): values for name, values in stored.items()})
    # Nested sets are prefixes of one order; a fresh set is drawn for its size alone.
    rows = split.train
    if condition.subsets != "nested":
        rows = training_rows(split, item.size, condition.seed, condition.subsets)
    train, test = (fitted.as_view(prepared.take(part), item.model.takes) for part in (rows, split.test))
    return replace(train, labels=labels_of(store, item.labels, rows)), test


def _fit_sizes(item: Embed, train: Prepared, sizes: Sequence[int]) -> list[Encoder]:
    return item.model.fit_sizes(train, sizes, _model_rng(item, None))


def _fitter(item: Embed, train: Prepared, size: int) -> Callable[[], Encoder]:
    shared = item.model.shares_sizes
    return lambda: item.model.fit_sizes(train, [size], _model_rng(item, None if shared else size))[0]


def _model_rng(item: Embed, size: int | None) -> np.random.Generator:
    """Return the generator of a fit: one for all sizes where they share work, else one for each."""
    label = REPRESENTATIONS.label(item.model)
    return generator(item.condition.seed, "fit", item.condition.channel.level, label, size or "all sizes")


def _write_embedding(store: Store, item: Embed, encoder: Encoder | str, test: Prepared, facts: dict[str, Any]) -> None:
    embedding: Embedding | str = encoder if isinstance(encoder, str) else _attempt(lambda: encoder.embed(test))
    if isinstance(embedding, str) or isinstance(encoder, str):
        store.write("embeddings", item.key, {**facts, "error": embedding})
        return
    history = encoder.history
    training = {
        "stop_reason": history.stop_reason,
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        **history.notes,
        **embedding.notes,
    }
    curves = {name: list(values) for name, values in history.curves.items()}
    body = {**facts, "training": training, "curves": curves}
    store.write("embeddings", item.key, body, {"values": np.asarray(embedding.values)})


def _embedding(store: Store, root: str, item: Embed) -> Piece:
    return _sound(store, "embeddings", item.key, lambda: embed(root, [item]))


def _sound(store: Store, kind: str, key: str, remake: Callable[[], None]) -> Piece:
    """Read a piece, every byte checked; one that is damaged is put aside, and it or one that is gone is made again."""
    try:
        return store.read(kind, key, verify=True)
    except StoreError:
        store.quarantine(kind, key)
        remake()
        return store.read(kind, key, verify=True)


def measure(root: str, group: Sequence[Measure]) -> None:
    """Measure the embeddings of ``group``, which share one condition, one signal's pairs and one probe."""
    store = Store.open(root)
    todo = [item for item in group if not store.has("measurements", item.key)]
    if not todo:
        return
    with one_thread():
        began = time.perf_counter()
        pairs = read_pairs(store, todo[0].pairs)
        split = read_split(store, todo[0].embed.condition.split)
        pieces = [_embedding(store, root, item.embed) for item in todo]
        y = pairs.values if pairs.values is not None else _clean(store, todo[0], pairs, split)
        sound = [(item, piece) for item, piece in zip(todo, pieces, strict=True) if "error" not in piece.body]
        found = _estimates(todo[0], [piece for _, piece in sound], pairs, y, split)
        estimates = dict(zip([item.key for item, _ in sound], found, strict=True))
        seconds = (time.perf_counter() - began) / len(todo)
        for item, piece in zip(todo, pieces, strict=True):
            outcome = estimates.get(item.key, piece.body.get("error", ""))
            _write_measurement(store, item, piece, pairs, outcome, seconds)


def _clean(store: Store, item: Measure, pairs: Pairs, split: Split) -> np.ndarray | str | None:
    """Return Y where it is the partners' profile before the channel, or why there is none; None for an embedding."""
    profile = item.profile
    if profile is None or pairs.partners is None:
        return None
    outcome = _attempt(lambda: _sound(store, "profiles", profile.key, lambda: _write_profile(store, profile, split)))
    if isinstance(outcome, str):
        return f"The partners' profile could not be made: {outcome}"
    values: np.ndarray = np.asarray(outcome.arrays["values"])[np.searchsorted(split.test, pairs.partners)]
    return values


def _write_profile(store: Store, profile: Profile, split: Split) -> None:
    """Write what the held-out observations of a split are before the channel, for all its conditions at once."""
    source = store.read("sources", profile.source)
    counts, features = read_counts(source), np.asarray(source.arrays["features"])
    fitted = profile.preparation.fit(counts, split.train, features)
    prepared = fitted.apply(counts, np.asarray(source.arrays["names"]))
    train, test = (fitted.as_view(prepared.take(part), PCA.takes) for part in (split.train, split.test))
    if profile.components:
        encoder = PCA(dims=min(profile.components, len(train.features))).fit(train, generator(0, "profile"))
        values, notes = encoder.embed(test).values, dict(encoder.history.notes)
    else:
        values, notes = as_dense(test.values), {}
    store.write("profiles", profile.key, {"notes": {**fitted.notes, "level": None, **notes}}, {"values": values})


def _estimates(
    item: Measure, pieces: Sequence[Piece], pairs: Pairs, y: np.ndarray | str | None, split: Split
) -> list[Estimate | str]:
    """Estimate every embedding: together where they share Y, one by one where one of them fails."""
    seed, probe = item.embed.condition.seed, item.probe

    def rng() -> np.random.Generator:
        # The same for every level, size, model and target of a replicate: the same folds, so differences are paired.
        return generator(seed, "probe", item.folds)

    x_rows = np.searchsorted(split.test, pairs.rows)
    xs = [_asked_about(pairs.against_all, piece)[x_rows] for piece in pieces]
    if not xs or isinstance(y, str):
        return [str(y)] * len(xs)
    if y is not None:
        singly = [lambda x=x: probe.estimate(x, y, pairs.groups, rng()) for x in xs]
        return _each_or_all(lambda: probe.estimate_many(xs, y, pairs.groups, rng()), singly)
    assert pairs.partners is not None
    y_rows = np.searchsorted(split.test, pairs.partners)
    ys = [np.asarray(piece.arrays["values"])[y_rows] for piece in pieces]
    each = [lambda x=x, y=y: probe.estimate(x, y, pairs.groups, rng()) for x, y in zip(xs, ys, strict=True)]
    return [_attempt(one) for one in each]


def _asked_about(one_class: str, piece: Piece) -> np.ndarray:
    """Return an embedding; one of predicted labels as whether it predicts ``one_class``, where Y is of one class."""
    values = np.asarray(piece.arrays["values"])
    predicted = piece.body.get("training", {}).get("classes")
    if not one_class or predicted is None:
        return values
    return np.isin(values, [code for code, name in enumerate(predicted) if name == one_class]).astype(np.float64)


def _each_or_all(together: Callable[[], list[Any]], singly: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all at once; where that fails, one by one, so that one failure costs one result (its reason, as text)."""
    if len(singly) > 1:
        outcome = _attempt(together)
        if not isinstance(outcome, str):
            return list(outcome)
    return [_attempt(one) for one in singly]


def _attempt(work: Callable[[], Any]) -> Any:
    """Return the result of ``work``, or the reason why there is none."""
    try:
        return work()
    except (StoreError, MissingDependency):
        raise
    except Exception as error:  # noqa: BLE001 - a failure is part of the answer: a row with its reason
        return _reason(error)


def _write_measurement(
    store: Store, item: Measure, piece: Piece, pairs: Pairs, outcome: Estimate | str, seconds: float
) -> None:
    if isinstance(outcome, str):
        outcome = Estimate(float("nan"), status="failed", reason=outcome, n_pairs=len(pairs.rows))
    ceiling = pairs.ceiling_bits if np.isfinite(pairs.ceiling_bits) else outcome.ceiling_bits
    facts = {
        "estimate": dict(outcome.diagnostics),
        "training": {key: value for key, value in piece.body.get("training", {}).items() if not _is_list(value)},
        "preparation": piece.body.get("notes", {}),
        "empty_held_out": piece.body.get("empty_held_out"),
        "dropped": dict(pairs.dropped),
        **({} if pairs.partners is None else {"target": "embedding" if pairs.profile is None else "profile"}),
    }
    row = {
        **item.row,
        "u": _strength(item, piece),
        "bits": or_none(outcome.bits),
        "standard_error": or_none(outcome.standard_error),
        "extrapolated_bits": or_none(outcome.extrapolated_bits),
        "ceiling_bits": or_none(ceiling),
        "n_pairs": outcome.n_pairs,
        "status": outcome.status,
        "reason": outcome.reason,
        "diagnostics": facts,
    }
    timing = {
        "preparation": piece.body.get("preparation_seconds"),
        "fit": piece.body.get("seconds"),
        "probe": seconds,
    }
    store.write("measurements", item.key, {"row": row, "seconds": timing})


def _strength(item: Measure, piece: Piece) -> float | None:
    """Return u: of counts what was realised; of images what the channel says, which may count it in several ways."""
    channel = item.embed.condition.channel
    return channel.strength(None) if channel.takes == "images" else piece.body.get("u")


def _reason(error: Exception) -> str:
    """Return an error as one line of a row."""
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, NoiselawError) else f"{type(error).__name__}: {text}"


def _is_list(value: object) -> bool:
    """Say whether a fact has many values: those stay with the embedding, a row holds single facts."""
    return isinstance(value, list | tuple | dict)


def fail(root: str, argument: Condition | Sequence[Embed] | Sequence[Measure], reason: str) -> None:
    """Finish a piece of work that cannot be done: as failed, with its reason."""
    store = Store.open(root)
    facts = {"error": reason, "seconds": 0.0}
    if not isinstance(argument, Sequence):
        store.write("conditions", argument.key, facts)
        return
    for item in argument:
        if isinstance(item, Embed):
            store.write("embeddings", item.key, {**facts, "preparation_seconds": 0.0})
        else:
            # A measurement that hung may have put its embedding aside.
            known = store.has("embeddings", item.embed.key)
            piece = store.read("embeddings", item.embed.key) if known else Piece({}, {})
            _write_measurement(store, item, piece, read_pairs(store, item.pairs), reason, 0.0)


def count_failed(root: str, group: Sequence[Measure]) -> int:
    """Return how many finished measurements of ``group`` failed."""
    store = Store.open(root)
    rows = [store.read("measurements", item.key).body["row"] for item in group]
    return sum(row["status"] == "failed" for row in rows)
