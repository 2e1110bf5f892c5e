"""Every call of the API, in one table: who may make it, what it takes, what it answers."""

from __future__ import annotations

from typing import Final

from admin import check_api as checks
from admin import findings_api as findings
from admin import journal_api as journal
from admin import people_api as people
from admin import platforms_api as platforms
from admin import registry_api as registry
from admin.check_api import MEDIA as REPORTS
from admin.check_api import ChecksPage, ReportStyle
from admin.check_json import CheckDetail, CheckJson, CheckList
from admin.findings_api import FindingList
from admin.journal_api import MEDIA, JournalExport, JournalPage
from admin.journal_json import JourneyDetail, JourneyList
from admin.keys import AdminRole
from admin.people_api import NewUser, SessionList, UserChange, UserJson, UserList
from admin.platform_json import Invited, NewPlatform, PlatformChange, PlatformJson, PlatformList
from admin.registry_json import (
    AgreementJson,
    AgreementList,
    ChangeList,
    IssuedKey,
    KeyList,
    NewAgreement,
    NewKey,
    PartyList,
)
from admin.route import Page, Route

VIEWER, OPERATOR, OWNER = AdminRole.VIEWER, AdminRole.OPERATOR, AdminRole.OWNER

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
    Route("GET", "/platforms/{id}/findings", VIEWER, findings.list_findings, FindingList, query=Page, errors=(404,)),
    Route("DELETE", "/platforms/{id}/findings", OPERATOR, findings.forget_findings, errors=(404,)),
    Route("POST", "/platforms/{id}/check", OPERATOR, checks.begin_check, CheckJson, status=202, errors=(404, 409)),
    Route("GET", "/checks", VIEWER, checks.list_checks, CheckList, query=ChecksPage),
    Route("GET", "/checks/{id}", VIEWER, checks.show_check, CheckDetail, errors=(404,)),
    Route(
        "GET",
        "/checks/{id}/report",
        VIEWER,
        checks.show_report,
        query=ReportStyle,
        errors=(404,),
        media=tuple(REPORTS.values()),
    ),
    Route("GET", "/agreements", VIEWER, registry.list_agreements, AgreementList, query=Page),
    Route("POST", "/agreements", OPERATOR, registry.add_agreement, AgreementJson, NewAgreement, status=201),
    Route("DELETE", "/agreements/{id}", OPERATOR, registry.remove_agreement, errors=(404,)),
    Route("GET", "/parties", VIEWER, registry.list_parties, PartyList, query=Page),
    Route("GET", "/journal", VIEWER, journal.list_journeys, JourneyList, query=JournalPage),
    Route(
        "GET",
        "/journal/export",
        VIEWER,
        journal.export_journeys,
        query=JournalExport,
        media=tuple(MEDIA.values()),
    ),
    Route("GET", "/journal/{id}", VIEWER, journal.show_journey, JourneyDetail, errors=(404,)),
    Route("GET", "/audit", VIEWER, registry.list_changes, ChangeList, query=Page),
    Route("GET", "/keys", OWNER, registry.list_keys, KeyList, query=Page),
    Route("POST", "/keys", OWNER, registry.add_key, IssuedKey, NewKey, status=201),
    Route("DELETE", "/keys/{id}", OWNER, registry.revoke_key, errors=(404,)),
    Route("GET", "/users", OWNER, people.list_users, UserList, query=Page),
    Route("POST", "/users", OWNER, people.add_user, UserJson, NewUser, status=201, errors=(409,)),
    Route("PATCH", "/users/{id}", OWNER, people.change_user, UserJson, UserChange, errors=(404, 409)),
    Route("DELETE", "/users/{id}", OWNER, people.remove_user, errors=(404, 409)),
    Route("GET", "/sessions", OWNER, people.list_sessions, SessionList, query=Page),
    Route("DELETE", "/sessions/{id}", OWNER, people.end_session, errors=(404,)),
)
