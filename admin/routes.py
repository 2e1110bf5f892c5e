"""Every call of the API, in one table: who may make it, what it takes, what it answers."""

from __future__ import annotations

from typing import Final

from admin import platforms_api as platforms
from admin.keys import AdminRole
from admin.platform_json import Invited, NewPlatform, PlatformChange, PlatformJson, PlatformList
from admin.route import Page, Route

VIEWER, OPERATOR = AdminRole.VIEWER, AdminRole.OPERATOR

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/platforms", VIEWER, platforms.list_platforms, PlatformList, query=Page),
    Route(
        "POST",
        "/platforms",
        OPERATOR,
        platforms.add_platform,
        Invited | PlatformJson,
        NewPlatform,
        status=201,
        errors=(409, 502),
    ),
    Route("GET", "/platforms/{id}", VIEWER, platforms.show_platform, PlatformJson, errors=(404,)),
    Route("PATCH", "/platforms/{id}", OPERATOR, platforms.change_platform, PlatformJson, PlatformChange, errors=(404,)),
    Route("DELETE", "/platforms/{id}", OPERATOR, platforms.remove_platform, errors=(404,)),
    Route("POST", "/platforms/{id}/suspend", OPERATOR, platforms.suspend_platform, PlatformJson, errors=(404, 409)),
    Route("POST", "/platforms/{id}/resume", OPERATOR, platforms.resume_platform, PlatformJson, errors=(404, 409)),
    Route("POST", "/platforms/{id}/invite", OPERATOR, platforms.invite_again, Invited, errors=(404, 409)),
    Route("POST", "/platforms/{id}/rotate", OPERATOR, platforms.rotate_tokens, PlatformJson, errors=(404, 409, 502)),
)
