"""The API's description, OpenAPI 3.1: drawn from the same table that is served."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from admin.problems import CONTENT_TYPE
from admin.route import API, Route

REF: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"
_WHY: Final = {
    400: "The body is not JSON.",
    401: "There is no admin key, or it is not known.",
    403: "The key's role does not allow this.",
    404: "There is nothing of this id.",
    409: "The state of the registry does not allow this.",
    413: "The body is too large.",
    422: "A field has a value that cannot be used.",
    502: "A step of the handshake failed at the partner.",
    503: "The store does not answer.",
}


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemJson(BaseModel):
    """What cannot be done, and why (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    step: str | None = None
    expected: str | None = None
    came: str | None = None


def described(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    rows = list(routes)
    schemas, definitions = TypeAdapter.json_schemas(_adapters(rows), ref_template=REF)
    by_key = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, Any] = {}
    for number, route in enumerate(rows):
        paths.setdefault(API + route.path, {})[route.method.lower()] = _operation(number, route, by_key)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OCPI hub, admin API",
            "version": "1",
            "description": "Who is connected, who may reach whom, and what went through the hub.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An admin key."}},
        },
    }


def _adapters(rows: list[Route]) -> list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]]:
    found: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        ((-1, "answer"), "serialization", TypeAdapter(ProblemJson))
    ]
    for number, route in enumerate(rows):
        if route.body is not None:
            found.append(((number, "body"), "validation", TypeAdapter(route.body)))
        if route.answer is not None:
            found.append(((number, "answer"), "serialization", TypeAdapter(route.answer)))
    return found


def _operation(number: int, route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    """One call."""
    operation: dict[str, Any] = {
        "operationId": route.function.__name__,
        "tags": [route.path.split("/")[1]],
        "summary": (route.function.__doc__ or "").strip(),
        "description": f"Needs the role {route.role}.",
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {str(_success(route)): _answer(number, route, schemas)},
    }
    for status in _statuses(route):
        operation["responses"][str(status)] = {
            "description": _WHY.get(status, HTTPStatus(status).phrase),
            "content": {CONTENT_TYPE: {"schema": schemas[-1, "answer"]}},
        }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": schemas[number, "body"]}}}
    return operation


def _success(route: Route) -> int:
    return route.status if route.answer is not None or route.media else 204


def _answer(number: int, route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    if route.media:
        text = {"schema": {"type": "string"}}
        return {"description": "A file.", "content": dict.fromkeys(route.media, text)}
    if route.answer is None:
        return {"description": "Done."}
    return {"description": "Done.", "content": {_JSON: {"schema": schemas[number, "answer"]}}}


def _statuses(route: Route) -> list[int]:
    always = {401, 403, 422, 503}
    return sorted(always | set(route.errors) | ({400, 413} if route.body is not None else set()))


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    properties = route.query.model_json_schema(ref_template=REF).get("properties", {})
    parameters = []
    for name, schema in properties.items():
        text = schema.pop("description", None)
        if schema.get("default", ...) is None:
            del schema["default"]
        parameter = {"name": name, "in": "query", "required": False, "schema": schema}
        parameters.append(parameter | ({"description": text} if text else {}))
    return parameters
