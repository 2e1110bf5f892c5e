"""The description of the API is of what is served, all of it and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from admin.app import make_app
from admin.openapi import described
from admin.route import API
from admin.routes import ROUTES
from hub.testing import FakeCpo
from tests.admin.door import Door
from tests.admin.test_check_api import finished
from tests.admin.test_journal_api import join


async def test_the_description_covers_exactly_what_is_served(door: Door) -> None:
    document = (await door.call("GET", "/openapi.json")).json
    assert document["openapi"].startswith("3.1")
    told = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (route.method, route.resource.canonical)
        for route in make_app(door.hub).router.routes()
        if route.resource is not None and route.resource.canonical.startswith(API) and route.method != "HEAD"
    }
    assert told == served - {("GET", f"{API}/openapi.json")}


def test_every_reference_leads_somewhere() -> None:
    document = described(ROUTES)
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


def test_every_call_is_described_in_words() -> None:
    operations = [item for path in described(ROUTES)["paths"].values() for item in path.values()]
    assert len({item["operationId"] for item in operations}) == len(ROUTES)
    assert all(item["summary"].endswith(".") for item in operations)


async def test_answers_are_as_they_are_described(door: Door, fake_cpo: FakeCpo) -> None:
    """Field by field: what is answered has the properties that are described, and all of them."""
    platform = await join(door, fake_cpo)
    begun = (await door.call("POST", f"/platforms/{platform}/check")).json
    await finished(door, begun["id"])
    await door.call("POST", "/agreements", {"cpo": "NLTNM", "emsp": "DEABC", "effect": "allow"})
    ids = {"platforms": platform, "checks": begun["id"], "journal": await a_journey(door)}
    document = (await door.call("GET", "/openapi.json")).json
    for path, item in document["paths"].items():
        if "get" not in item or "application/json" not in item["get"]["responses"]["200"]["content"]:
            continue
        place = path.removeprefix(API)
        place = place.replace("{id}", ids.get(place.split("/")[1], ""))
        answer = (await door.call("GET", place)).json
        schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert_fits(answer, schema, document["components"]["schemas"])


async def a_journey(door: Door) -> str:
    """The id of a journey in the journal: somebody knocked at the public door without a token."""
    async with door.session.get(f"{door.hub.settings.public_url}/ocpi/versions") as answer:
        assert answer.status == 401
    async with asyncio.timeout(10):
        while not (found := (await door.call("GET", "/journal")).json["items"]):  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.02)
    return str(found[0]["id"])


def assert_fits(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Objects have exactly the described properties, lists are of what is described."""
    if "$ref" in schema:
        assert_fits(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    elif "anyOf" in schema and value is not None:
        assert_fits(value, next(item for item in schema["anyOf"] if item.get("type") != "null"), schemas)
    elif "properties" in schema:
        assert set(value) == set(schema["properties"]) == set(schema["required"])
        for name, part in schema["properties"].items():
            assert_fits(value[name], part, schemas)
    elif schema.get("type") == "array":
        assert isinstance(value, list)
        for item in value:
            assert_fits(item, schema["items"], schemas)
