"""Versions of the model, which one is champion, and how to move that."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.bundle import AnyModel
from models.registry import promotions
from models.registry.connection import RegistryError, connect, database_of, fluent, load_mlflow, shown, telling
from models.registry.run import BUNDLE, JUDGED, Contents, log_run

CHAMPION = "champion"
LINE = "promotions"  # tag of the registered model: who was champion, in order
ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
REASON, DESPITE, REPLACED_BY = "promoted_because", "promoted_despite", "replaced_by"  # tags of a version


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version: ``created`` in ms since 1970, the run that made it, and what was measured there."""

    version: str
    created: int
    run_id: str
    metrics: Mapping[str, float]
    aliases: Sequence[str]
    tags: Mapping[str, str]


class Registry:
    """The registered model ``name`` in an MLflow tracking file or server. All methods raise RegistryError."""

    def __init__(self, tracking_uri: str, artifact_root: Path | None = None, name: str = "nextwise") -> None:
        """A SQLite file keeps its artifacts in ``artifact_root``, beside it by default; a server decides itself."""
        self.tracking_uri, self.name = tracking_uri, name
        self._client = connect(tracking_uri)
        database = database_of(tracking_uri)
        self._artifacts: str | None = None
        if database is not None:
            self._artifacts = (artifact_root or database.parent / "mlartifacts").resolve().as_uri()

    @classmethod
    def beside(cls, data: Path, name: str = "nextwise") -> Registry:
        """The registry of a data directory: ``MLFLOW_TRACKING_URI`` where that is set, else ``mlflow.db`` in it."""
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{data.resolve() / 'mlflow.db'}"
        return cls(uri, name=name)

    # ------------------------------------------------------------------------------------------------- versions

    def log(
        self,
        model: AnyModel,
        *,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        data_digest: str,
        figures: Mapping[str, Any] | None = None,
        judged: AnyModel | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Log a run with everything that tells how the model was made, and register it as a new version.

        ``judged`` is the fit without the held-out students, whose figures the metrics are: see :meth:`judged`.
        """
        with telling("the model could not be logged"):
            experiment = self._experiment()
            self._registered()
            with fluent(self.tracking_uri) as mlflow:
                contents = Contents(model, params, metrics, data_digest, figures or {}, judged, tags or {})
                run_id, info = log_run(mlflow, experiment, contents)
                # Inside too: mlflow 3.17 looks the model up under the process's global URI, not under the client's.
                version = self._client.create_model_version(
                    self.name,
                    info.model_uri,
                    run_id,
                    tags={**(tags or {}), "data_digest": data_digest},
                    model_id=info.model_id,
                )
            return str(version.version)

    def versions(self) -> list[VersionInfo]:
        """All versions, the oldest first."""
        with telling(f"the versions of {self.name!r} could not be read"):
            aliases = self._aliases()
            found = self._client.search_model_versions(f"name = '{self.name}'", max_results=10_000)
            infos = [self._info(version, aliases) for version in found]
        return sorted(infos, key=lambda info: int(info.version))

    def version(self, version: str) -> VersionInfo:
        """One version."""
        with telling(f"version {version} could not be read"):
            existing = self._existing()
            if version not in existing:
                raise RegistryError(self._unknown(version, existing))
            return self._info(self._client.get_model_version(self.name, version), self._aliases())

    def bundle(self, version: str) -> bytes:
        """The bundle that was logged with a version, as it is: whoever serves it verifies it."""
        mlflow = self._mlflow
        with telling(f"the bundle of version {version} could not be read"), TemporaryDirectory() as folder:
            # Not "models:/name/version": mlflow would look that up under the process's global URI.
            place = self._client.get_model_version_download_uri(self.name, version)
            path = mlflow.artifacts.download_artifacts(
                f"{place}/artifacts/{BUNDLE}", tracking_uri=self.tracking_uri, dst_path=folder
            )
            return Path(path).read_bytes()

    def judged(self, version: str) -> bytes | None:
        """The bundle of the fit that was judged, to be judged again; None where none was kept."""
        mlflow = self._mlflow
        with telling(f"what was judged of version {version} could not be read"), TemporaryDirectory() as folder:
            run_id = self._client.get_model_version(self.name, version).run_id
            if not run_id or JUDGED not in {file.path for file in self._client.list_artifacts(run_id)}:
                return None
            path = mlflow.artifacts.download_artifacts(
                run_id=run_id, artifact_path=JUDGED, tracking_uri=self.tracking_uri, dst_path=folder
            )
            return Path(path).read_bytes()

    def compare(self, a: str, b: str) -> dict[str, tuple[float | None, float | None]]:
        """The metrics of two versions beside each other; None where one was not measured."""
        known = {info.version: info.metrics for info in self.versions()}
        missing = [version for version in (a, b) if version not in known]
        if missing:
            raise RegistryError(self._unknown(missing[0], known))
        return {name: (known[a].get(name), known[b].get(name)) for name in sorted({*known[a], *known[b]})}

    # ------------------------------------------------------------------------------------------------- champion

    def champion(self) -> str | None:
        """The version that the alias names; None where nothing was promoted."""
        found = self._champion()
        return found and str(found.version)

    def champion_key(self) -> tuple[str, str] | None:
        """The champion's version and the run behind it: a number that is used again after a deletion shows."""
        found = self._champion()
        return found and (str(found.version), str(found.run_id))

    def promote(self, version: str, reason: str | None = None, despite: Sequence[str] = ()) -> None:
        """Move the alias ``champion`` to a version. The version before it is remembered for :meth:`rollback`.

        ``despite`` names what stood in the way, where it was forced; kept with the version, as the reason is.
        """
        champion = self.champion()
        with telling(f"version {version} could not be promoted"):
            existing = self._existing()
            if version not in existing:
                raise RegistryError(self._unknown(version, existing))
            # The alias moves between the two writes: a process that dies there leaves a line that rollback reads right.
            before, after = promotions.promoted(self._line(), champion, version)
            self._keep(before)
            self._client.set_registered_model_alias(self.name, CHAMPION, version)
            self._keep(after)
            if reason:
                self._client.set_model_version_tag(self.name, version, REASON, reason)
            if despite:
                self._client.set_model_version_tag(self.name, version, DESPITE, "; ".join(despite))
            else:
                self._untag(version, DESPITE)
            self._replaced(champion, version)

    def rollback(self) -> str:
        """Move the alias back to the version that was champion before; again: to the one before that."""
        champion = self.champion()
        with telling("the champion could not be rolled back"):
            existing = self._existing()
            line = promotions.rolled_back(self._line(), champion, existing) if existing else ()
            if not line:
                raise RegistryError(f"no version of {self.name!r} was champion before {champion or 'now'}")
            self._keep(line)
            self._client.set_registered_model_alias(self.name, CHAMPION, line[-1])
            self._replaced(champion, line[-1])
            return line[-1]

    # ------------------------------------------------------------------------------------------------- inside

    @property
    def _mlflow(self) -> Any:
        return load_mlflow()

    def _champion(self) -> Any:
        mlflow = self._mlflow
        with telling(f"the champion of {self.name!r} could not be read from {shown(self.tracking_uri)}"):
            try:
                return self._client.get_model_version_by_alias(self.name, CHAMPION)
            except mlflow.MlflowException as fault:
                # Of a missing alias mlflow says "invalid parameter", as of other things: ask what is there.
                if fault.error_code not in ABSENT or CHAMPION in self._aliases():
                    raise
                return None

    def _aliases(self) -> dict[str, str]:
        found = self._client.search_registered_models(f"name = '{self.name}'")
        return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}

    def _existing(self) -> set[str]:
        found = self._client.search_model_versions(f"name = '{self.name}'", max_results=10_000)
        return {str(version.version) for version in found}

    def _unknown(self, version: str, existing: Any) -> str:
        there = ", ".join(sorted(existing, key=int)) or "none yet"
        return f"there is no version {version} of {self.name!r}; there are: {there}"

    def _line(self) -> promotions.Line:
        return promotions.parse(self._client.get_registered_model(self.name).tags.get(LINE))

    def _keep(self, line: promotions.Line) -> None:
        self._client.set_registered_model_tag(self.name, LINE, promotions.unparse(line))

    def _replaced(self, before: str | None, champion: str) -> None:
        if before not in {None, champion}:
            self._client.set_model_version_tag(self.name, before, REPLACED_BY, champion)
        self._untag(champion, REPLACED_BY)

    def _untag(self, version: str, tag: str) -> None:
        if tag in self._client.get_model_version(self.name, version).tags:
            self._client.delete_model_version_tag(self.name, version, tag)

    def _info(self, version: Any, aliases: Mapping[str, str]) -> VersionInfo:
        number, metrics = str(version.version), {}
        if version.run_id:
            with suppress(self._mlflow.MlflowException):  # of a deleted run the version and its bundle are still there
                metrics = dict(self._client.get_run(version.run_id).data.metrics)
        named = [alias for alias, at in aliases.items() if at == number]
        return VersionInfo(
            number, int(version.creation_timestamp), version.run_id or "", metrics, named, dict(version.tags)
        )

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self.name)
        if found is None:
            try:
                return str(self._client.create_experiment(self.name, artifact_location=self._artifacts))
            except self._mlflow.MlflowException:
                found = self._client.get_experiment_by_name(self.name)  # another process was faster
                if found is None:
                    raise
        return str(found.experiment_id)

    def _registered(self) -> None:
        if not self._client.search_registered_models(f"name = '{self.name}'"):
            try:
                self._client.create_registered_model(self.name)
            except self._mlflow.MlflowException:
                self._client.get_registered_model(self.name)  # another process was faster, or this one tells why
