"""Stripe's error answers: status, type, code, param and message as its API sends them.

The base texts are Stripe's own where they are known from its documentation or public reports; the
programs under test should rely on ``type``, ``code`` and the status only.
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """One refusal, as Stripe would answer it.

    Attributes:
        before_execution: True when Stripe refuses before its endpoint starts, so that nothing is
            stored under the idempotency key.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        before_execution: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.before_execution = before_execution
        self.headers = headers or {}

    def body(self, request_id: str, *, livemode: bool) -> dict[str, Any]:
        """Return the JSON that goes with the status."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            page = self.code.replace("_", "-")
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{page}"
        if self.decline_code:
            error["decline_code"] = self.decline_code
        if self.param:
            error["param"] = self.param
        mode = "" if livemode else "test/"
        error["request_log_url"] = (
            f"https://dashboard.stripe.com/{mode}logs/{request_id}?t=simulated"
        )
        return {"error": error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return a refusal of what was asked, made while the endpoint was executing."""
    return ApiError(400, message, param=param, code=code)


def malformed(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return a refusal of a parameter, made before the endpoint started."""
    return ApiError(400, message, param=param, code=code, before_execution=True)


def missing(noun: str, object_id: str, param: str, *, in_path: bool) -> ApiError:
    """Return Stripe's answer to an id that does not exist: 404 in the path, 400 in the body."""
    return ApiError(
        404 if in_path else 400,
        f"No such {noun}: '{object_id}'",
        code="resource_missing",
        param=param,
    )


def unknown_address(method: str, path: str) -> ApiError:
    """Return Stripe's answer to a URL it does not have."""
    return ApiError(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we "
        f"can help at https://support.stripe.com/.",
        before_execution=True,
    )


def internal() -> ApiError:
    """Return Stripe's answer to a failure of its own."""
    return ApiError(
        500,
        "An unknown error occurred. Please contact support@stripe.com if the problem persists.",
        kind="api_error",
    )
