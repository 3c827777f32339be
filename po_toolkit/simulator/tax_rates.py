"""Tax rates: made once, then named on lines or as an invoice's default."""

from __future__ import annotations

from decimal import Decimal

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json

MOST_ON_ONE_LINE = 10
_DISPLAY_NAME_LENGTH = 50


def create(account: Account, params: Json) -> Json:
    """POST /v1/tax_rates."""
    percentage: Decimal = params["percentage"]
    if not 0 <= percentage <= 100:
        raise invalid("The percentage must be between 0 and 100.", param="percentage")
    if -int(percentage.as_tuple().exponent) > 4:
        raise invalid("The percentage can have at most 4 decimal places.", param="percentage")
    if len(params["display_name"]) > _DISPLAY_NAME_LENGTH:
        raise invalid(
            f"Invalid string; must be at most {_DISPLAY_NAME_LENGTH} characters",
            param="display_name",
        )
    rate = account.add(
        {
            "id": account.new_id("txr"),
            "object": "tax_rate",
            "active": params.get("active", True),
            "country": params.get("country"),
            "created": account.now(),
            "description": params.get("description"),
            "display_name": params["display_name"],
            "effective_percentage": None,
            "flat_amount": None,
            "inclusive": params["inclusive"],
            "jurisdiction": params.get("jurisdiction"),
            "jurisdiction_level": None,
            "livemode": account.livemode,
            "metadata": merged({}, params.get("metadata")),
            "percentage": float(percentage),
            "rate_type": "percentage",
            "state": params.get("state"),
            "tax_type": params.get("tax_type"),
        }
    )
    rate["_exact"] = percentage
    emit(account, "tax_rate.created", shown(rate))
    return shown(rate)


def update(account: Account, params: Json, rate_id: str) -> Json:
    """POST /v1/tax_rates/{tax_rate}: words and whether it is active, never the percentage."""
    rate = account.get("tax_rate", rate_id, param="tax_rate")
    before = shown(rate)
    for name in (
        "active", "country", "description", "display_name", "jurisdiction", "state", "tax_type",
    ):  # fmt: skip
        if name in params:
            rate[name] = params[name]
    if "metadata" in params:
        rate["metadata"] = merged(rate["metadata"], params["metadata"])
    emit(account, "tax_rate.updated", shown(rate), previous=changed(before, shown(rate)))
    return shown(rate)


def retrieve(account: Account, _params: Json, rate_id: str) -> Json:
    """GET /v1/tax_rates/{tax_rate}."""
    return shown(account.get("tax_rate", rate_id, param="tax_rate"))


def list_rates(account: Account, params: Json) -> Json:
    """GET /v1/tax_rates."""
    found = [
        rate
        for rate in account.all("tax_rate").values()
        if all(n not in params or rate[n] == params[n] for n in ("active", "inclusive"))
    ]
    return page(found, params, "/v1/tax_rates", shown)


def shown(rate: Json) -> Json:
    """Return a tax rate as the API shows it."""
    return {name: value for name, value in rate.items() if not name.startswith("_")}


def usable(account: Account, rate_ids: list[str] | None, param: str) -> list[str]:
    """Return the ids of rates for a line or an invoice.

    Raises:
        ApiError: One is unknown, archived or named twice, or there are too many.
    """
    if not rate_ids:
        return []
    ids = list(rate_ids)
    if len(ids) > MOST_ON_ONE_LINE:
        raise invalid(f"You can add at most {MOST_ON_ONE_LINE} tax rates.", param=param)
    if len(set(ids)) != len(ids):
        raise invalid("Each tax rate can be added only once.", param=param)
    for position, rate_id in enumerate(ids):
        where = f"{param}[{position}]"
        rate = account.get("tax_rate", rate_id, param=where, in_path=False)
        if not rate["active"]:
            raise invalid(f"The tax rate {rate_id} is archived and cannot be used.", param=where)
    return ids
