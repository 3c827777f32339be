"""Stripe's OpenAPI description, as it ships inside stripe-mock's Go module.

Used in two ways: to validate what the simulator answers, and to write its ``parameters.json``:

    python tests/gateway/openapi.py            # says whether parameters.json is up to date
    python tests/gateway/openapi.py --write    # writes it
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

MODULE = "github.com/stripe/stripe-mock"
VERSION = "v0.203.0"
"""Pinned, since ``parameters.json`` is compared with it word for word."""
REQUEST_FILE = Path("po_toolkit/simulator/parameters.json")

_SERVED = """
DELETE /v1/customers/{customer}
DELETE /v1/invoices/{invoice}
GET /v1/account
GET /v1/balance_transactions
GET /v1/balance_transactions/{id}
GET /v1/charges
GET /v1/charges/{charge}
GET /v1/credit_notes
GET /v1/credit_notes/{id}
GET /v1/customers
GET /v1/customers/{customer}
GET /v1/customers/{customer}/balance_transactions
GET /v1/customers/{customer}/cash_balance
GET /v1/customers/{customer}/cash_balance_transactions
GET /v1/disputes
GET /v1/disputes/{dispute}
GET /v1/events
GET /v1/events/{id}
GET /v1/invoice_payments
GET /v1/invoice_payments/{invoice_payment}
GET /v1/invoiceitems
GET /v1/invoices
GET /v1/invoices/{invoice}
GET /v1/invoices/{invoice}/lines
GET /v1/payment_intents
GET /v1/payment_intents/{intent}
GET /v1/payment_records/{id}
GET /v1/payouts
GET /v1/payouts/{payout}
GET /v1/refunds
GET /v1/refunds/{refund}
GET /v1/tax_rates
GET /v1/tax_rates/{tax_rate}
GET /v1/webhook_endpoints
POST /v1/credit_notes
POST /v1/credit_notes/{id}/void
POST /v1/payment_records/{id}/report_refund
POST /v1/disputes/{dispute}/close
POST /v1/customers
POST /v1/customers/{customer}
POST /v1/customers/{customer}/balance_transactions
POST /v1/test_helpers/customers/{customer}/fund_cash_balance
POST /v1/coupons
GET /v1/coupons/{coupon}
DELETE /v1/coupons/{coupon}
POST /v1/payment_intents
POST /v1/customers/{customer}/tax_ids
GET /v1/customers/{customer}/tax_ids
DELETE /v1/customers/{customer}/tax_ids/{id}
POST /v1/invoiceitems
POST /v1/invoices
POST /v1/invoices/{invoice}
POST /v1/invoices/{invoice}/add_lines
POST /v1/invoices/{invoice}/attach_payment
POST /v1/invoices/{invoice}/finalize
POST /v1/invoices/{invoice}/mark_uncollectible
POST /v1/invoices/{invoice}/pay
POST /v1/invoices/{invoice}/send
POST /v1/invoices/{invoice}/void
POST /v1/payment_records/report_payment
POST /v1/refunds
POST /v1/tax_rates
POST /v1/tax_rates/{tax_rate}
POST /v1/webhook_endpoints
POST /v1/webhook_endpoints/{webhook_endpoint}
"""
ENDPOINTS = _SERVED.strip().split("\n")

BY_EXPANSION_ONLY = {"invoice": {"amount_paid_off_stripe"}}
"""Fields the description calls required, though Stripe answers them only when asked to expand."""


class NotAvailableError(Exception):
    """The Go module can't be had here."""


@cache
def module_directory() -> Path:
    """Return stripe-mock's module in Go's cache, downloaded where needed.

    Raises:
        NotAvailableError: There is no Go, or no network and nothing in the cache.
    """
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotAvailableError("Go is not installed, so stripe-mock's module can't be had.")
    command = [go, "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode == 0:
        return Path(json.loads(done.stdout)["Dir"])
    raise NotAvailableError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout}")


@cache
def description() -> dict[str, Any]:
    """Return the whole OpenAPI description."""
    path = module_directory() / "embedded" / "openapi" / "spec3.json"
    return json.loads(path.read_text("utf-8"))


@cache
def _document() -> dict[str, Any]:
    """Return schemas and answers in one document, so that references between them hold."""
    schemas = _null_made_plain(description()["components"]["schemas"])
    for name, fields in BY_EXPANSION_ONLY.items():
        schemas[name]["required"] = [f for f in schemas[name]["required"] if f not in fields]
    answers = {}
    for endpoint in ENDPOINTS:
        method, path = endpoint.split()
        answer = description()["paths"][path][method.lower()]["responses"]["200"]
        schema = _null_made_plain(answer["content"]["application/json"]["schema"])
        answers[endpoint] = _without_patterns(schema)
    return {"components": {"schemas": schemas}, "answers": answers}


def _without_patterns(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop the pattern on a list's ``url``: it holds for the real address of the API only."""
    url = schema.get("properties", {}).get("url", {})
    url.pop("pattern", None)
    return schema


def _null_made_plain(node: Any) -> Any:
    """Rewrite OpenAPI's ``nullable``, which JSON Schema does not know."""
    if isinstance(node, list):
        return [_null_made_plain(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _null_made_plain(value) for key, value in node.items()}
    if plain.pop("nullable", False) is True:
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
        if "type" in plain:
            plain["type"] = [plain["type"], "null"]
        elif "anyOf" in plain:
            plain["anyOf"] = [*plain["anyOf"], {"type": "null"}]
        else:
            plain = {"anyOf": [plain, {"type": "null"}]}
    return plain


@cache
def _validator(pointer: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(_document(), default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:stripe", resource)
    return Draft202012Validator({"$ref": f"urn:stripe#{pointer}"}, registry=registry)


def faults(answer: dict[str, Any], schema: str) -> list[str]:
    """Return what is wrong with an object, one line for each fault; invented fields too."""
    pointer = f"/components/schemas/{schema}"
    found = [f"{list(e.path)}: {e.message[:300]}" for e in _validator(pointer).iter_errors(answer)]
    known = _document()["components"]["schemas"][schema].get("properties", {})
    return found + [f"invented field {schema}.{name}" for name in answer if name not in known]


def faults_of_answer(method: str, path: str, answer: dict[str, Any]) -> list[str]:
    """Return what is wrong with the answer to a call, or with an object in its list."""
    endpoint = endpoint_of(method, path)
    pointer = "/answers/" + endpoint.replace("~", "~0").replace("/", "~1")
    found = [f"{list(e.path)}: {e.message[:300]}" for e in _validator(pointer).iter_errors(answer)]
    objects = answer["data"] if answer.get("object") == "list" else [answer]
    for entry in objects:
        if not entry.get("deleted"):
            found += faults(entry, entry["object"])
    return [f"{endpoint}: {line}" for line in found]


def endpoint_of(method: str, path: str) -> str:
    """Return the described endpoint that a call went to."""
    for endpoint in ENDPOINTS:
        pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", endpoint)
        if re.fullmatch(pattern, f"{method.upper()} {path}"):
            return endpoint
    raise LookupError(f"{method} {path} is not among the endpoints to validate.")


def request_parameters() -> dict[str, Any]:
    """Return the parameters of each served endpoint in the short form of ``parameters.json``."""
    slim = {}
    for endpoint in ENDPOINTS:
        method, path = endpoint.split()
        operation = description()["paths"][path][method.lower()]
        fields, required = {}, []
        for body in operation.get("requestBody", {}).get("content", {}).values():
            schema = body["schema"]
            fields.update({k: _slim(v) for k, v in schema.get("properties", {}).items()})
            required += schema.get("required", [])
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                fields[parameter["name"]] = _slim(parameter["schema"])
                required += [parameter["name"]] if parameter.get("required") else []
        slim[endpoint] = {"fields": fields, **({"required": required} if required else {})}
    _as_of_our_version(slim)
    return slim


def _as_of_our_version(slim: dict[str, Any]) -> None:
    """Apply what changed between the module's API version and 2026-10-28 for these calls."""
    report = slim["POST /v1/payment_records/report_payment"]["fields"]
    report["canceled"] = {"fields": {"canceled_at": "integer"}, "required": ["canceled_at"]}
    report["outcome"] = {"enum": ["canceled", "failed", "guaranteed"]}


def _slim(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return [_slim(choice) for choice in schema["anyOf"]]
    if "enum" in schema:
        return {"enum": schema["enum"]}
    if schema.get("type") == "array":
        return {"items": _slim(schema["items"])}
    if "properties" in schema:
        fields = {k: _slim(v) for k, v in schema["properties"].items()}
        required = schema.get("required")
        return {"fields": fields, **({"required": required} if required else {})}
    if schema.get("type") == "object":
        return {"map": "string"}
    word = schema.get("format", schema.get("type"))
    return {"text": schema["maxLength"]} if "maxLength" in schema else word


def written(slim: dict[str, Any]) -> str:
    """Return the text of ``parameters.json``: one line for each endpoint."""
    lines = [
        f"{json.dumps(endpoint)}: {json.dumps(slim[endpoint], sort_keys=True)}"
        for endpoint in sorted(slim)
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def unavailable(reason: Exception) -> None:
    """Skip the test loudly; with ``CI=true`` fail it.

    Raises:
        pytest.skip.Exception: Always, except in CI.
    """
    import pytest

    said = f"THE SIMULATOR IS NOT VALIDATED AGAINST STRIPE'S DESCRIPTION: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(said, pytrace=False)
    pytest.skip(said)


if __name__ == "__main__":
    text = written(request_parameters())
    if "--write" in sys.argv:
        REQUEST_FILE.write_text(text, "utf-8")
    elif REQUEST_FILE.read_text("utf-8") != text:
        sys.exit(f"{REQUEST_FILE} is not what Stripe describes; run this with --write.")
