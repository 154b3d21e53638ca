"""How MLflow is reached: imported late, told to be quiet, its database made once.

mlflow is untyped and changes often: what is used of it is what its documentation calls public.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # no network call that the school did not ask for
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # a server's "view run at": standard output is our commands'
    "MLFLOW_CONFIGURE_LOGGING": "false",  # our service configures logging, mlflow does not
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a server that is down is told within seconds; default: minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "GIT_PYTHON_REFRESH": "quiet",
}
HARMLESS = (
    "The ``noload`` loader strategy is deprecated",  # mlflow's own tables under SQLAlchemy 2.1
    ".*Any type hint is inferred as AnyType",  # mlflow's own classes
    ".*An input example was not provided",  # the signature is told, and tested
)
CHATTY = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3.connectionpool": logging.ERROR}

_PASSWORD = re.compile(r"://[^/@\s]*@")

_one_run = threading.Lock()  # mlflow's run API works on globals: one run at a time in this process


class RegistryError(Exception):
    """The registry cannot do what was asked; the message says why, in words for the person who asked."""


def load_mlflow() -> Any:
    """The mlflow package, without telemetry and chatter. Raises :class:`RegistryError` where it is missing."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for message in HARMLESS:
        warnings.filterwarnings("ignore", message=message)
    try:
        mlflow = import_module("mlflow")
    except ImportError as fault:
        raise RegistryError(f"mlflow cannot be imported ({fault}): it is part of a full installation") from fault
    for name, level in CHATTY.items():
        logging.getLogger(name).setLevel(level)
    return mlflow


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Faults of mlflow, of its database and of the network become one :class:`RegistryError`."""
    try:
        yield
    except RegistryError:
        raise
    except Exception as fault:  # SQLAlchemy, requests, mlflow, OSError: mlflow lets all of them through
        why = str(getattr(fault, "message", "") or fault).strip() or repr(fault)
        raise RegistryError(f"{what}: {_PASSWORD.sub('://', why)}") from fault


def connect(tracking_uri: str) -> Any:
    """A client of the tracking server or file, made ready where it is a fresh SQLite file.

    mlflow migrates a fresh database in every process that meets it first; of four that started at once three died.
    So one of them does it, under a lock beside the file.
    """
    mlflow = load_mlflow()
    with telling(f"MLflow at {shown(tracking_uri)}"):
        database = database_of(tracking_uri)
        if database is None:
            return mlflow.MlflowClient(tracking_uri, tracking_uri)
        database.parent.mkdir(parents=True, exist_ok=True)
        with locked(database.with_name(f"{database.name}.lock")):
            client = mlflow.MlflowClient(tracking_uri, tracking_uri)  # this alone migrates the database
            client.search_registered_models(max_results=1)
        return client


@contextmanager
def fluent(tracking_uri: str) -> Iterator[Any]:
    """mlflow's run API on ``tracking_uri``; what the caller's process had set stands again afterwards."""
    mlflow = load_mlflow()
    with _one_run:
        # Setting it also sets MLFLOW_TRACKING_URI for children; None unsets both.
        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(tracking_uri)
        try:
            yield mlflow
        finally:
            mlflow.set_tracking_uri(before)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; waits for it. It is let go of when the process dies, however it dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def database_of(tracking_uri: str) -> Path | None:
    """The file of a SQLite tracking URI, else None.

    >>> database_of("sqlite:////srv/nextwise/mlflow.db").as_posix(), database_of("http://mlflow:5000")
    ('/srv/nextwise/mlflow.db', None)
    """
    name = tracking_uri.removeprefix("sqlite:///")
    return Path(name) if name != tracking_uri and name not in {"", ":memory:"} else None


def shown(uri: str) -> str:
    """A URI without the password that may be in it.

    >>> shown("http://me:secret@mlflow:5000")
    'http://mlflow:5000'
    """
    return _PASSWORD.sub("://", uri)
