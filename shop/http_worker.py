"""gunicorn's threaded worker, which refuses what is not HTTP as this API refuses everything: a problem, one log line.

gunicorn's own answer is a page of HTML that quotes the request, and so does its log: a broken header with a token in
it would be written down. What is decided here is how a refusal reads; what is refused, gunicorn's parser decides, but for
a missing ``Host``.
"""

import uuid
from http import HTTPStatus
from typing import Any, Final

import structlog
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

log = structlog.get_logger("shop.request")

MALFORMED: Final = "The request is not well-formed HTTP/1.1."

# Where no page is, nothing may be loaded either.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def status_of(error: BaseException) -> int:
    """Return the status that gunicorn gives to what its parser or the server raised."""
    if isinstance(error, errors.LimitRequestLine):
        return 414
    if isinstance(error, errors.ExpectationFailed):
        return 417
    if isinstance(error, errors.LimitRequestHeaders):
        return 431
    if isinstance(error, errors.UnsupportedTransferCoding):
        return 501
    # A header that we wanted to send, and settings, are no fault of the caller's.
    ours = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem)
    return 400 if isinstance(error, errors.ParseException) and not isinstance(error, ours) else 500


def refusal(status: int, *, request_id: str) -> bytes:
    """Write a whole HTTP answer: the problem of this status, after which the connection is closed."""
    # gunicorn's master imports this file before Django's settings are there.
    from shop.browsers import PERMISSIONS_POLICY
    from shop.exception_handler import FRAMEWORK_PROBLEMS, PROBLEM_JSON, problem
    from shop.wire import dump_json

    code, title, meaning = FRAMEWORK_PROBLEMS[status]
    detail = MALFORMED if status == 400 else meaning
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        body = dump_json(problem(status=status, code=code, title=title, detail=detail, instance=""))
    headers = {
        "Connection": "close",
        "Content-Type": PROBLEM_JSON,
        "Content-Length": str(len(body)),
        "X-Request-ID": request_id,
        "Permissions-Policy": PERMISSIONS_POLICY,
        **HEADERS,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves requests in threads and answers what cannot be served."""

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request; one of HTTP/1.1 without a ``Host`` (RFC 9112, 3.2) would be served under our own address."""
        if req.version >= (1, 1) and not any(name == "HOST" for name, _ in req.headers):
            self.handle_error(None, conn.sock, conn.client, errors.InvalidHeader("HOST"))
            return False
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a connection whose request could not be read, and log it without a word of what was sent.

        Args:
            req: the request, once it was read to the end of its headers. What goes wrong with a body after
                that goes wrong after the answer, for no body in chunks is read (411): a second answer on the
                same connection would be taken for that of the next request.
            client: the socket.
            addr: the peer's address, of no use behind a proxy.
            exc: what the parser or the server raised.
        """
        from shop.exception_handler import FRAMEWORK_PROBLEMS

        status, request_id = status_of(exc), str(uuid.uuid4())
        facts = {"method": "-", "path": "-", "status": status, "ms": 0.0, "reason": type(exc).__name__}
        facts |= {"problem": FRAMEWORK_PROBLEMS[status][0], "request_id": request_id}
        if status == 500:
            log.error("request", exc_info=exc, **facts)
        else:
            log.info("request", **facts)
        if req is not None and status != 500:
            return
        try:
            util.write_nonblock(client, refusal(status, request_id=request_id))
        except OSError:
            return  # nobody is there to be told
