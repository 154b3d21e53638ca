"""Settings: environment variables, each described once, here."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.mastery import Thresholds
from engine.recommend import Policy
from service import policies
from service.language import codes

SALT_FILE = "salt"
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseSettings):
    """Every setting is an environment variable: ``NEXTWISE_`` and the field's name."""

    model_config = SettingsConfigDict(env_prefix="NEXTWISE_", frozen=True, extra="ignore", populate_by_name=True)

    data: Path = Field(Path(".data"), description="Folder of everything that is kept on this machine.")
    store: str | None = Field(
        None,
        description="Where responses are kept: `sqlite:///<path>`, `redis://host:6379/0`, `rediss://...`, "
        "`redis+cluster://host:6379`. Default: `sqlite:///<data>/nextwise.db`.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="API worker processes on this machine.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged: `debug`, `info` (one line a request), `warning`, `error`."
    )
    max_body_bytes: int = Field(2 * 1024 * 1024, ge=1024, description="Largest request body; larger ones get a 413.")
    max_in_flight: int = Field(
        256,
        ge=1,
        description="Requests that a worker has in hand at most; more get a 503 with Retry-After at once. One counts "
        "once more for every 16 KB of its body.",
    )
    rate_limit: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Requests a second (and 16 KB of body) that a worker takes from one key, or from one address where "
        "no key is sent; ten seconds' worth may come at once, more get a 429. 0: no limit.",
    )
    max_batch: int = Field(1000, ge=1, le=10_000, description="Most responses in one request.")
    future_tolerance_seconds: float = Field(
        300.0, ge=0, description="How far ahead of this machine's clock an answer's time may lie."
    )
    mastered_at: Probability = Field(
        0.8,
        description="Mastery (expected success) from which a skill counts as mastered, where the catalog sets none.",
    )
    enough_responses: int = Field(3, ge=1, description="Answers on a skill below which there is not enough evidence.")
    mastery_flips: Probability = Field(
        0.1,
        description="Share of those called mastered for whom a promoted model may say otherwise; beyond it, "
        "`nextwise models promote` asks for `--force`.",
    )
    review_days: float = Field(
        28.0, gt=0, description="Days without practice after which a mastered skill is reviewed."
    )
    compact_snapshots: bool = Field(
        False,
        description="Keep 8 bytes a student and skill in snapshots, not 24, at some cost in accuracy (docs/models.md).",
    )
    states_mb: int = Field(
        256,
        ge=1,
        description="Megabytes of students' states that each API process holds, those used last: some 13 KB a student "
        "at first, 70 KB after 2,000 answers to as many items.",
    )
    sweep_rate: float = Field(
        100.0,
        ge=0,
        allow_inf_nan=False,
        description="Students a second whose snapshots the sync process folds anew after another model or catalog was "
        "published. 0: none, each is folded anew with the student's next answer.",
    )
    predictor: bool = Field(
        False,
        description="Let the response predictor judge the shortlist of items to give, where the model has one "
        "(`nextwise train --model predictor`). Whole histories are read then, which costs time.",
    )
    policy: str = Field(
        "default",
        description="The policy by which items are chosen: the name of one that ships (`nextwise policies list`), or "
        "the path of a JSON file (docs/recommending.md).",
    )
    policy_exploration: Probability | None = Field(
        None,
        description="Share of recommendations spread evenly over all items that fit, so that policies can be judged. "
        "Default: the policy's own.",
    )
    salt: SecretStr | None = Field(
        None,
        min_length=16,
        description="Secret behind the random draws and the links of `nextwise access` (16 characters and more). "
        "Default: a random one, made at the first start and kept in `<data>/salt`. With several hosts on one Redis it "
        "must be the same on all of them.",
    )
    access: Literal["open", "links"] = Field(
        "open",
        description="Who sees what: `open` has no sign-in, and whoever reaches the service sees every student; `links` "
        "asks for a link or a key (`nextwise access`). It must be `links` where real students are.",
    )
    language: str = Field(
        "en", description="Language of the pages where the reader's browser asks for none that there is: `en`, `es`."
    )
    time_zone: str = Field(
        "UTC", description="Time zone in which the pages tell days and times, as in `Europe/Madrid`."
    )
    mlflow_tracking_uri: str | None = Field(
        None,
        validation_alias="MLFLOW_TRACKING_URI",
        description="MLflow store or server (no prefix: MLflow's own variable). Default: `sqlite:///<data>/mlflow.db`.",
    )
    model_check_seconds: float = Field(
        1.0, gt=0, description="How often each worker looks for a newer model or catalog when no request tells it."
    )

    @field_validator("language")
    @classmethod
    def _language(cls, given: str) -> str:
        if given not in codes():
            raise ValueError(f"there is no language {given!r}; there are {', '.join(codes())}")
        return given

    @field_validator("time_zone")
    @classmethod
    def _time_zone(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(f"there is no time zone {given!r}; it is a name as in Europe/Madrid") from None
        return given

    @property
    def store_url(self) -> str:
        return self.store or f"sqlite:///{self.data / 'nextwise.db'}"

    @property
    def mlflow_url(self) -> str:
        return self.mlflow_tracking_uri or f"sqlite:///{self.data / 'mlflow.db'}"

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.mastered_at, self.enough_responses, self.review_days)

    def served_policy(self) -> Policy:
        """The policy that is set, with what other settings change of it: its version says so.

        Raises :class:`~service.policies.PolicyFault`.
        """
        policy = policies.read(self.policy)
        mastered = self.mastered_at if "mastered_at" in self.model_fields_set else None
        for name, value in {"mastered": mastered, "exploration": self.policy_exploration}.items():
            if value is not None and value != getattr(policy, name):
                changes: dict[str, Any] = {name: value, "version": f"{policy.version}+{name}={value:g}"}
                policy = replace(policy, **changes)
        return policy

    def resolve_salt(self) -> bytes:
        """The salt that is set, else the one kept in the data folder, made where there is none."""
        if self.salt is not None:
            return self.salt.get_secret_value().encode()
        path = self.data / SALT_FILE
        if not path.exists():
            _make_salt(path)
        return path.read_bytes().strip()


def _make_salt(path: Path) -> None:
    """Written aside and linked into place: of workers that start at once one wins, and all read a whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):  # another worker was first: its salt is everyone's
            os.link(draft, path)
    finally:
        draft.unlink()


def settings_table() -> str:
    """All settings as a Markdown table, for the operator's page.

    >>> settings_table().splitlines()[2]
    '| `NEXTWISE_DATA` | `.data` | Folder of everything that is kept on this machine. |'
    """
    rows = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"NEXTWISE_{name.upper()}"
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"
