"""What is said to the hub in a way that few would say it: a slash more than it gave out.

OCPI 2.2.1 and 2.3.0, commands, POST; routing reference, 1.3.
"""

from __future__ import annotations

import pytest

from hub.testing import Served
from tests.stories.market import MakeSettings, market


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_an_address_of_the_hub_is_the_same_with_a_slash_and_another_with_anything_else(
    settings: MakeSettings, version: str
) -> None:
    """Routing reference, 1.3: on the hub's own endpoints an optional trailing slash is accepted."""
    async with market(settings(), version) as (_, cpo, emsp):
        cpo.answers["commands"] = lambda _: Served(data={"result": "ACCEPTED", "timeout": 30})
        command = {"response_url": emsp.expect_result()[0], "session_id": "S1"}
        await emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=command)
        result = cpo.seen[-1].document["response_url"]
        cdr = (await cpo.push_cdr("DE*ABC", emsp.parties[0])).headers["Location"]
        before = len(emsp.seen)
        for url in (f"{result}//", f"{result}/x", result.replace("/commands/", "/chargingprofiles/")):
            assert (await cpo.send("POST", "commands", url=url, body={"result": "ACCEPTED"})).http == 404, url
        for url in (f"{cdr}//", cdr.replace("/cdrs/", "/tokens/")):
            assert (await cpo.send("GET", "cdrs", url=url)).http == 404, url
        assert len(emsp.seen) == before
        assert (await cpo.send("POST", "commands", url=f"{result}/", body={"result": "ACCEPTED"})).is_success
        assert (await cpo.send("GET", "cdrs", url=f"{cdr}/")).is_success
