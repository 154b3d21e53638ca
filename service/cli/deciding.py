"""``nextwise decisions`` and ``nextwise policies``: the decision log made again, and policies judged from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.common import Json, opened, progress, result, run, say, settings, table
from service.cli.learning import drain

if TYPE_CHECKING:
    from collections import Counter

    from engine.recommend import Policy
    from models.offpolicy import Judgement
    from service.decisions.judging import Gathered
    from service.decisions.log import Logged
    from service.decisions.outcomes import Reward
    from service.decisions.replay import Replayer
    from service.settings import Settings

decisions = typer.Typer(help="The log of recommendations: replay it.", no_args_is_help=True)
policies = typer.Typer(help="Policies by which items are chosen: list, show, judge from the log.", no_args_is_help=True)

Log = Annotated[
    Path | None,
    typer.Option(exists=True, help="Recommendations: an archive folder, .parquet or .jsonl. Default: our archive."),
]
After = Annotated[int, typer.Option(min=1, help="Answers after which a gain is measured.")]


@decisions.command()
def replay(
    destination: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    log: Log = None,
    after: After = 10,
    as_json: Json = False,
) -> None:
    """Make every logged decision again, and write the full table.

    A row a decision: what could have been given, what kept the other items away, the scores and their parts, the
    distribution that was drawn from, and what came of it. Exits with 1 where a decision made again is another one: then
    its propensity cannot be relied on.
    """
    config = settings()
    counts = run(_replay(config, _logged(config, log), destination, after))
    lines = [
        f"{counts.total():,} decisions written to {destination}: {counts['exact']:,} are exactly as they were logged"
    ]
    lines += [f"  {count:,} not made again: {why}" for why, count in counts.items() if why not in {"exact", "another"}]
    if counts["another"]:
        lines.append(
            f"  {counts['another']:,} come out otherwise: was NEXTWISE_PREDICTOR or NEXTWISE_COMPACT_SNAPSHOTS changed?"
        )
    result({"file": str(destination), "decisions": counts.total(), **counts}, as_json, "\n".join(lines))
    if counts["another"]:
        raise typer.Exit(1)


async def _replay(config: Settings, logged: list[Logged], destination: Path, after: int) -> Counter[str]:
    from service.decisions.table import write

    async with _replaying(config) as replayer:
        return await write(replayer, logged, destination, after)


@asynccontextmanager
async def _replaying(config: Settings) -> AsyncIterator[Replayer]:
    from service.decisions.replay import Replayer

    async with opened(config) as store:
        with progress("replaying") as told:
            yield Replayer(
                store,
                compact=config.compact_snapshots,
                predicts=config.predictor,
                progress=lambda done, of: told(done, of, "students"),
            )


@policies.command("list")
def list_policies(as_json: Json = False) -> None:
    """Policies that ship, and the one that is set (NEXTWISE_POLICY)."""
    from service.policies import digest, shipped

    served = settings().served_policy()
    found = {digest(policy): policy for policy in (*shipped().values(), served)}
    rows = [
        {
            "policy": policy.name,
            "version": policy.version,
            "exploration": policy.exploration,
            "digest": name,
            "served": "yes" if name == digest(served) else "",
        }
        for name, policy in found.items()
    ]
    result(rows, as_json, table(rows))


@policies.command()
def show(policy: Annotated[str, typer.Argument(help="A name, or a JSON file.")]) -> None:
    """A policy as JSON, every setting: change a copy, and set NEXTWISE_POLICY to its path."""
    import json

    from service.policies import read, to_json

    print(json.dumps(json.loads(to_json(read(policy))), indent=1))


@policies.command()
def judge(
    policy: Annotated[str, typer.Option(help="The policies to judge, with commas: names, or JSON files.")],
    log: Log = None,
    reward: Annotated[
        str, typer.Option(help="correct: the item's answer. gain: of expected success, summed over skills.")
    ] = "correct",
    after: After = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 0,
    as_json: Json = False,
) -> None:
    """What a policy would have been worth, told from decisions of the policies that served.

    Three estimates with 95 % intervals over students: inverse propensity (ips), self-normalised (snips) and doubly
    robust (dr); `advantage` is dr less what was logged. Exits with 1 where the log cannot answer, and says why.
    """
    from service.decisions.outcomes import reward_of
    from service.policies import read

    config, came = settings(), reward_of(reward, after)
    targets = [read(name.strip()) for name in policy.split(",")]
    found = run(_gather(config, _logged(config, log), targets, came, seed))
    told = {f"{one.name}@{one.version}": rows.judged(seed) for one, rows in zip(targets, found, strict=True)}
    left = {name: dict(rows.left_out) for name, rows in zip(told, found, strict=True)}
    about = {"reward": reward, "after": after if reward == "gain" else None}
    value = about | {"policies": {name: asdict(one) | {"left_out": left[name]} for name, one in told.items()}}
    result(value, as_json, "\n\n".join(_text(name, reward, one, left[name]) for name, one in told.items()))
    if any(one.refusal for one in told.values()):
        raise typer.Exit(1)


async def _gather(
    config: Settings, logged: list[Logged], targets: list[Policy], reward: Reward, seed: int
) -> list[Gathered]:
    from service.decisions.judging import gather

    async with _replaying(config) as replayer:
        return await gather(replayer, logged, targets, reward, seed)


def _logged(config: Settings, log: Path | None) -> list[Logged]:
    from service.decisions.log import read

    if log is None:
        run(drain(config))
        log = config.data / "archive" / "recommendations"
    found = read(log)
    say(f"{len(found):,} decisions in {log}")
    return found


def _text(policy: str, reward: str, told: Judgement, left: dict[str, int]) -> str:
    lines = [
        f"{policy}, reward '{reward}'",
        f"{told.decisions:,} decisions of {told.students:,} students; worth {told.effective:,.0f} of the policy's own",
        f"largest weight {told.largest_weight:.1f}, mean weight {told.mean_weight:.3f}, "
        f"never logged {100 * told.unsupported:.2g} %",
    ]
    lines += [f"  left out: {count:,} ({why})" for why, count in left.items()]
    if told.refusal:
        return "\n".join([*lines, f"No estimate. {told.refusal}"])
    rows = [{"estimate": name, "value": e.value, "low": e.low, "high": e.high} for name, e in told.estimates.items()]
    return "\n".join([*lines, table(rows)])
