"""``nextwise serve`` and ``sync``."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.common import opened, registry, run, say, settings

if TYPE_CHECKING:
    from service.settings import Settings
    from service.store.base import Store
    from service.sweep import Sweep

Host = Annotated[str | None, typer.Option(help="Address to listen on. Default: NEXTWISE_HOST, else 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port. Default: NEXTWISE_PORT, else 8000.")]
Workers = Annotated[int | None, typer.Option(help="API worker processes. Default: NEXTWISE_WORKERS, else 1.")]

SYNC_AGAIN = 2.0  # seconds
STARTS_WITHIN = 120  # seconds; the first start compiles the kernels


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(sync)


def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    sync: Annotated[
        bool, typer.Option(help="Run a sync process beside it: publishes the champion, archives the log.")
    ] = True,
) -> None:
    """Serve the API and the reports. Stops cleanly on SIGTERM or Ctrl-C: nothing accepted is lost."""
    import uvicorn

    from service.api.wire import WIRE

    for name, value in {"HOST": host, "PORT": port, "WORKERS": workers}.items():
        if value is not None:
            os.environ[f"NEXTWISE_{name}"] = str(value)  # the workers read the environment
    config = settings()
    config.served_policy()  # one that cannot be served is told here, not by every worker
    config.data.mkdir(parents=True, exist_ok=True)
    _must_be_free(config.host, config.port)
    _warn_of_open(config)
    shared = tempfile.mkdtemp(prefix="nextwise-metrics-") if config.workers > 1 else None
    if shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
    stopping = threading.Event()
    beside = threading.Thread(target=_keep_syncing, args=(stopping,)) if sync else None
    if beside:
        beside.start()
    threading.Thread(target=_announce, args=(config,), daemon=True).start()
    try:
        uvicorn.run(
            "service.api.app:create_app",
            factory=True,
            http=WIRE,
            host=config.host,
            port=config.port,
            workers=config.workers,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=20,
        )
    finally:
        stopping.set()
        if beside:
            beside.join()
        if shared:
            shutil.rmtree(shared, ignore_errors=True)


def _must_be_free(host: str, port: int) -> None:
    """Told here, before other processes are started."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise OSError(f"cannot listen on {host}:{port} ({fault.strerror}): try --port or --host") from None


def _warn_of_open(config: Settings) -> None:
    """Nobody should learn from a newspaper that there was no sign-in."""
    if config.access == "open" and config.host not in {"127.0.0.1", "localhost", "::1"}:
        say(
            f"WARNING: listening on {config.host} without a sign-in: whoever reaches this machine sees every student. "
            "Set NEXTWISE_ACCESS=links, and make links with `nextwise access`."
        )


def _keep_syncing(stopping: threading.Event) -> None:
    """A sync process beside the server; another one where it was killed: nobody else would start it."""
    while not stopping.is_set():
        process = _start_sync()
        while process.poll() is None and not stopping.wait(0.2):
            pass
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        if process.returncode == 0:
            return
        say(f"the sync process ended with code {process.returncode}: starting it again")
        stopping.wait(SYNC_AGAIN)


def _start_sync() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "service.cli", "sync", "--parent", str(os.getpid())])


def _announce(config: Settings) -> None:
    """Print where to go, once the service is ready."""
    address = f"http://{'localhost' if config.host in {'127.0.0.1', '0.0.0.0', '::'} else config.host}:{config.port}"
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    else:
        return
    say(
        f"\nnextwise is ready.\n"
        f"  API documentation   {address}/docs\n"
        f"  Teacher's report    {address}/reports\n"
        f"  MLflow's pages      {_mlflow_command(config)}\n"
        f"Stop with Ctrl-C.\n"
    )


def _mlflow_command(config: Settings) -> str:
    if config.mlflow_url.startswith("sqlite:///"):
        program = Path(os.path.relpath(sys.executable)).with_name("mlflow")
        return f"{program} ui --backend-store-uri {config.mlflow_url} --port 5000"
    return config.mlflow_url


def sync(
    once: Annotated[bool, typer.Option("--once", help="Publish and archive once, then stop.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks at the champion.")] = 1.0,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Publish MLflow's champion to the store, and drain the log into the archive. One process an installation."""
    from service import logs

    config = settings()
    logs.configure(config.log_level)
    run(_sync(config, once, interval, parent))


async def _sync(config: Settings, once: bool, interval: float, parent: int | None) -> None:
    from service import sync as syncing
    from service.store.base import StoreUnavailable

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_outlived(parent, stop)) if parent else None
    models = await asyncio.to_thread(registry, config)
    while not stop.is_set():
        try:
            async with opened(config) as store:
                if once:
                    await syncing.once(store, models, config.data / "archive")
                else:
                    syncing.give_way(store)
                    await syncing.run(
                        store, models, config.data / "archive", interval, stop, sweep=_sweep(config, store)
                    )
                break
        except StoreUnavailable as fault:  # when it is opened: while it runs, sync waits for it by itself
            if once:
                raise
            say(f"the sync process waits for the store: {fault}")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SYNC_AGAIN)
    if watch:
        watch.cancel()


def _sweep(config: Settings, store: Store) -> Sweep | None:
    from service.serving import Servings
    from service.sweep import Sweep

    servings = Servings(store, compact=config.compact_snapshots, predicts=config.predictor)
    return Sweep(store, servings, config.sweep_rate) if config.sweep_rate else None


async def _outlived(parent: int, stop: asyncio.Event) -> None:
    """Stop where the server that started us was killed: nobody else would."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    stop.set()
