"""Every page and every form of the web view, in one table: where it is, and who may see or send it."""

from __future__ import annotations

from typing import Final

from admin import login
from admin.keys import AdminRole
from admin.page import Page
from admin.pages import overview

VIEWER, OPERATOR, OWNER = AdminRole.VIEWER, AdminRole.OPERATOR, AdminRole.OWNER

PAGES: Final[tuple[Page, ...]] = (
    Page("GET", "/login", None, login.login_page),
    Page("POST", "/login", None, login.log_in),
    Page("POST", "/logout", VIEWER, login.log_out),
    Page("GET", "/", VIEWER, overview.overview),
)
