"""What is no request at all is told as a problem like anything else: aiohttp tells it as text, and logs a traceback."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from admin.problems import Problem

log = structlog.get_logger(__name__)


class Runner(web.AppRunner):
    """aiohttp's, with connections of our own."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, loop=made._loop, **made._kwargs)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be parsed; whatever else went wrong here is aiohttp's to tell."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        reason = (message or "").partition("\n")[0].rstrip(":. ")
        log.info("admin request not understood", address=request.remote, reason=reason)
        response = Problem(status, HTTPStatus(status).phrase.lower(), reason).response()
        response.force_close()
        return response
