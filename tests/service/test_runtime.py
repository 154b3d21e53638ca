"""A tutor made ready from settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import policies
from service.runtime import tutoring
from service.settings import Settings
from service.store.base import Store
from tests.service.made import catalog, following, log


@pytest.mark.parametrize("store_url", ["sqlite", "redis", "cluster"], indirect=True)
async def test_the_policy_that_is_set_serves_and_is_kept_by_the_digest_that_is_logged(
    store: Store, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, policy="explore", policy_exploration=0.5)
    async with tutoring(settings, store) as tutor:
        await tutor.import_catalog(catalog())
        (given,) = (await following(tutor, "ada")).recommendations
    assert given.policy == "explore@1+exploration=0.5"
    policy = settings.served_policy()
    assert await store.fetch("policy", policies.digest(policy)) == policies.to_json(policy)
    (event,) = await log(store, "recommendation")
    assert f'"policy_digest":"{policies.digest(policy)}"' in event.decode()


async def test_a_policy_that_cannot_be_served_ends_the_start(store: Store, tmp_path: Path) -> None:
    with pytest.raises(policies.PolicyFault, match="no policy is called 'best'"):
        async with tutoring(Settings(data=tmp_path, policy="best"), store):
            pass
