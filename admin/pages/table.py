"""Every page and every form of the web view, in one table: where it is, and who may see or send it."""

from __future__ import annotations

from typing import Final

from admin import login, oidc_login
from admin.keys import AdminRole
from admin.page import Page
from admin.pages import agreements, checks, journal, onboard, overview, people, platforms, records

VIEWER, OPERATOR, OWNER = AdminRole.VIEWER, AdminRole.OPERATOR, AdminRole.OWNER

PAGES: Final[tuple[Page, ...]] = (
    Page("GET", "/login", None, login.login_page),
    Page("POST", "/login", None, login.log_in),
    Page("GET", "/oidc/start", None, oidc_login.start),
    Page("GET", "/oidc/callback", None, oidc_login.callback),
    Page("POST", "/logout", VIEWER, login.log_out),
    Page("GET", "/", VIEWER, overview.overview),
    Page("GET", "/platforms", VIEWER, platforms.platform_list),
    Page("GET", "/platforms/{id}", VIEWER, platforms.platform_page),
    Page("POST", "/platforms/{id}", OPERATOR, platforms.change_platform),
    Page("POST", "/platforms/{id}/suspend", OPERATOR, platforms.suspend),
    Page("POST", "/platforms/{id}/resume", OPERATOR, platforms.resume),
    Page("POST", "/platforms/{id}/rotate", OPERATOR, platforms.rotate),
    Page("POST", "/platforms/{id}/remove", OPERATOR, platforms.remove),
    Page("POST", "/platforms/{id}/findings/forget", OPERATOR, platforms.forget_findings),
    Page("POST", "/platforms/{id}/invite", OPERATOR, onboard.invite_again),
    Page("GET", "/onboard", OPERATOR, onboard.onboard_page),
    Page("POST", "/onboard/invite", OPERATOR, onboard.invite),
    Page("POST", "/onboard/connect", OPERATOR, onboard.connect),
    Page("GET", "/onboard/{id}", VIEWER, onboard.steps_page),
    Page("GET", "/check", VIEWER, checks.checks_page),
    Page("POST", "/check", OPERATOR, checks.begin),
    Page("GET", "/check/{id}", VIEWER, checks.check_page),
    Page("GET", "/check/{id}/report", VIEWER, checks.report),
    Page("GET", "/agreements", VIEWER, agreements.matrix),
    Page("GET", "/agreements/pair", OPERATOR, agreements.pair),
    Page("POST", "/agreements", OPERATOR, agreements.decide),
    Page("POST", "/agreements/{id}/forget", OPERATOR, agreements.forget),
    Page("GET", "/journal", VIEWER, journal.journal_page),
    Page("GET", "/journal/export", VIEWER, journal.export),
    Page("GET", "/journal/{id}", VIEWER, journal.journey_page),
    Page("GET", "/audit", VIEWER, records.audit_page),
    Page("GET", "/people", OWNER, people.people_page),
    Page("POST", "/people/keys", OWNER, people.add_key),
    Page("POST", "/people/keys/{id}/revoke", OWNER, people.revoke_key),
    Page("POST", "/people/users", OWNER, people.add_user),
    Page("POST", "/people/users/{id}", OWNER, people.change_user),
    Page("POST", "/people/users/{id}/remove", OWNER, people.remove_user),
    Page("POST", "/people/sessions/{id}/end", OWNER, people.end_session),
)
