"""What is served: a model and a catalog, loaded by the store's heads, verified, and swapped in by one assignment."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from engine import bundle
from engine import catalog as catalogs
from engine.bundle import AnyModel
from engine.catalog import EMPTY, Catalog, Item, Skill
from engine.graph import model as graph_model
from engine.mastery_model import unlearnt
from engine.model import ModelError, builtin
from engine.recommend import Mode, Policy, Wish, choose
from engine.recommending.at_once import wrong_in_a_row
from engine.recommending.table import by_ease, table_of
from engine.responses import RECORD, key
from engine.tracing import AnyTracer, bind
from models import predictor
from models.predictor import Shelf
from models.trainers import ATTACHED
from service import metrics
from service.store.base import ArtifactKind, Heads, Store, StoreUnavailable

T = TypeVar("T", AnyModel, Catalog)
R = TypeVar("R")

SLICE = 0.0005
"""Seconds for which a thread that loads keeps the interpreter."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Serving:
    """A model bound to a catalog. Immutable: a request keeps the one that it began with.

    ``predictor`` says how likely a right answer is, where the deployment wants one and the model's bundle has it; it
    reads whole histories, so that none is read from a snapshot then.
    """

    tracer: AnyTracer
    predictor: Shelf | None = None

    @cached_property
    def model(self) -> AnyModel:
        return self.tracer.model

    @cached_property
    def catalog(self) -> Catalog:
        return self.tracer.catalog

    @cached_property
    def tag(self) -> bytes:
        return self.tracer.tag

    @cached_property
    def read_by(self) -> bytes:
        """The tag of the snapshots that histories are read with; empty: no snapshot, the whole history."""
        return b"" if self.predictor else self.tag

    @cached_property
    def model_version(self) -> str:
        return self.model.version

    @cached_property
    def versions(self) -> bytes:
        """Of model and catalog, in one."""
        return f"{self.model_version}\0{self.catalog_version}".encode()

    @cached_property
    def catalog_version(self) -> str:
        """Empty where no catalog was imported."""
        return self.catalog.version if self.catalog.items else ""


class Servings:
    """Holds the current :class:`Serving` and replaces it when the store's heads move."""

    def __init__(self, store: Store, *, compact: bool = False, predicts: bool = False) -> None:
        self._store, self._compact, self._predicts = store, compact, predicts
        self._look: asyncio.Task[None] | None = None
        self._handled = Heads(None, None)
        self._loaded: dict[ArtifactKind, str | None] = {"model": None, "catalog": None}
        self._refused: set[tuple[ArtifactKind, str]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self.now = Serving(bind(builtin(), EMPTY))

    async def start(self, check_seconds: float) -> None:
        """Compile the kernels, load the heads, and watch them from here on."""
        await asyncio.to_thread(warm_up)
        unpublished = self.now
        await self._follow()
        if self.now is unpublished:
            self._tell()
        self._watcher = asyncio.create_task(self._watch(check_seconds), name="head-watcher")

    async def close(self) -> None:
        for task in (self._watcher, self._look):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def at(self, heads: Heads) -> Serving:
        """The serving for the heads that came with a store's answer.

        A newer catalog is waited for, so that the request after an import knows it. A newer model is loaded meanwhile:
        nobody's answer is late for it.
        """
        if heads.catalog != self._handled.catalog:
            with suppress(StoreUnavailable):  # what is loaded still answers; the watcher tells of the store
                await self._follow(heads)
        elif heads.model != self._handled.model:
            self._looking()
        return self.now

    async def refresh(self) -> Serving:
        """The serving of the store's heads as they are now."""
        await self._follow()
        return self.now

    async def _follow(self, wanted: Heads | None = None) -> None:
        """Serve the heads as they are now, or those that are ``wanted`` and newer ones. All who wait share a look, or
        where one is under way the next: it may have asked before what brought us here was published."""
        if (under_way := self._look) is not None and not under_way.done():
            await asyncio.shield(under_way)
            if wanted is not None and wanted.catalog == self._handled.catalog:
                return
        if self._look is under_way:
            self._look = None
        await asyncio.shield(self._looking())

    def _looking(self) -> asyncio.Task[None]:
        """The look that is under way; one is begun where there is none."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._handle(), name="heads")
            self._look.add_done_callback(lambda look: look.cancelled() or look.exception())  # nobody need wait for it
        return self._look

    async def _handle(self) -> None:
        """Ask for the heads, and load what is new."""
        heads = await self._store.heads()
        if heads == self._handled:
            return
        model = await self._load("model", heads.model, self.now.model, _read_model)
        catalog = await self._load("catalog", heads.catalog, self.now.catalog, _read_catalog)
        if model is not self.now.model or catalog is not self.now.catalog:
            self.now = await _aside(_bind, model, catalog, self._compact, self._predicts)
            self._tell()
        self._handled = heads

    async def _load(
        self, kind: ArtifactKind, version: str | None, current: T, read: Callable[[bytes | None, str], T]
    ) -> T:
        """The artifact of this version; ``current`` where it is that already, or where it must not be served."""
        if version == self._loaded[kind] or (version is not None and (kind, version) in self._refused):
            return current
        blob = None if version is None else await self._store.fetch(kind, version)
        try:
            if version is not None and blob is None:
                raise ValueError("the store does not hold it")
            loaded = await _aside(read, blob, version or "")
        except Exception:
            # Whatever is wrong with it, what is loaded stays; told once, since this version is not tried again.
            assert version is not None
            self._refused.add((kind, version))
            metrics.load_failures.labels(kind).inc()
            logger.exception("refused a %s", kind, extra={"version": version, "kept": self._loaded[kind]})
            return current
        self._loaded[kind] = version
        return loaded

    async def _watch(self, seconds: float) -> None:
        """Load new heads off the request path."""
        reachable = True
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._follow()
            except StoreUnavailable as fault:
                if reachable:
                    logger.warning("the store does not answer", extra={"fault": str(fault)})
                reachable = False
            except Exception:
                logger.exception("looking for newer heads failed")
            else:
                if not reachable:
                    logger.info("the store answers again")
                reachable = True

    def _tell(self) -> None:
        metrics.serving(self.now.model_version, self.now.catalog_version)
        logger.info(
            "serving", extra={"model_version": self.now.model_version, "catalog_version": self.now.catalog_version}
        )


async def _aside(work: Callable[..., R], *args: Any) -> R:
    """Work in a thread, which gives the interpreter back sooner than threads do otherwise: a request asks for it many
    times, and would wait 5 ms each time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, SLICE))
    try:
        return await asyncio.to_thread(work, *args)
    finally:
        sys.setswitchinterval(usual)


def _read_model(blob: bytes | None, version: str) -> AnyModel:
    return builtin() if blob is None else bundle.load(blob, version)


def _read_catalog(blob: bytes | None, version: str) -> Catalog:
    if blob is None:
        return EMPTY
    catalog = catalogs.from_json(blob)
    if catalog.version != version:
        raise ValueError(f"its content has the version {catalog.version}: it was changed after it was published")
    return catalog


def _bind(model: AnyModel, catalog: Catalog, compact: bool, predicts: bool) -> Serving:
    """The pair, with everything that is computed on first use computed now, off the request path."""
    tracer = bind(model, catalog, compact)
    by_ease(tracer)
    _ = catalog.skill_sets, catalog.required, catalog.item_index, catalog.key_index, catalog.skill_index
    return Serving(tracer, _predictor(model, catalog) if predicts and catalog.items else None)


def _predictor(model: AnyModel, catalog: Catalog) -> Shelf | None:
    """The response predictor that is attached to the model, on the catalog's items; None where there is none."""
    if ATTACHED not in model.attachments:
        return None
    try:
        return Shelf(predictor.of(model), [(item.id, item.skill_ids) for item in catalog.items])
    except ModelError:  # the recommender does without
        logger.exception("the response predictor cannot be used", extra={"version": model.version})
        return None


def warm_up() -> None:
    """Run every kernel once: compiling, or reading the compiled code, takes up to seconds."""
    catalog = Catalog((Skill("s"),), (Item("i", ("s",)), Item("j", ("s",))))
    history = np.array([(1, key("i"), 0, 1.0, 0), (2, key("j"), 1, 0.5, 0)], RECORD)
    for model in (builtin(2), unlearnt(), replace(unlearnt(), graph=graph_model.unlearnt())):
        tracer = bind(model, catalog)
        state = tracer.load(tracer.dump(tracer.fold(history)))
        tracer.interval(history, state)
        choose(tracer, tracer.judged(state, 0, 1.0, 1.0, 2), Policy(), float)
        for mode in Mode:  # the parts, one by one
            choose(tracer, state, Policy(), float, n=2, wish=Wish(mode, targets=("s",)))
        wrong_in_a_row(state, Policy(), table_of(tracer, Policy().mastered))


async def load(
    store: Store, model_version: str, catalog_version: str, *, compact: bool = False, predicts: bool = False
) -> Serving:
    """A pair that was served, by its versions. Raises LookupError where the store does not hold them any more."""
    plain = builtin()
    blob = None if model_version == plain.version else await store.fetch("model", model_version)
    if blob is None and model_version != plain.version:
        raise LookupError(f"the store does not hold the model {model_version}")
    text = await store.fetch("catalog", catalog_version)
    if text is None:
        raise LookupError(f"the store does not hold the catalog {catalog_version}")
    read = _read_model(blob, model_version), _read_catalog(text, catalog_version)
    return await asyncio.to_thread(_bind, *read, compact, predicts)
