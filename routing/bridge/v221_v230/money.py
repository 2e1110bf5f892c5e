"""Prices and tariffs between OCPI 2.2.1, which knows VAT, and 2.3.0, which knows taxes."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from routing.bridge.shape import GONE, TAKEN, Field, Place, Shape, Value, each, expect_list, expect_object, names
from routing.bridge.turns import dropped, number
from routing.bridge.v211_v221.tariffs import restrictions_of, some

VAT: Final = "VAT"
"""The name that the specification's examples give to the one tax of 2.2.1."""
FOUR_PLACES: Final = Decimal("0.0001")
HUNDRED: Final = Decimal(100)

# --- Price -----------------------------------------------------------------------------------------------------------


def price_up(value: Any, place: Place) -> Value:
    """A Price with VAT as one with taxes. An absent `incl_vat` says nothing; an equal one says that there is no tax."""
    price = expect_object(value, place)
    before = number(price.get("excl_vat"), place.into("excl_vat"))
    out: Value = {"before_taxes": before}
    if price.get("incl_vat") is not None:
        amount = number(price["incl_vat"], place.into("incl_vat")) - before
        out["taxes"] = [{"name": VAT, "amount": amount}]
    return out | {name: item for name, item in price.items() if name not in ("excl_vat", "incl_vat")}


def price_down(value: Any, place: Place) -> Value:
    """A Price with taxes as one with VAT: their sum is kept, the split is not."""
    price = expect_object(value, place)
    before = number(price.get("before_taxes"), place.into("before_taxes"))
    for name in price.keys() - {"before_taxes", "taxes"}:
        place.into(name).dropped(price[name])
    here = place.into("taxes")
    taxes = [expect_object(tax, here) for tax in expect_list(price.get("taxes") or [], here)]
    if not taxes:
        return {"excl_vat": before}
    if len(taxes) > 1 or taxes[0].keys() - {"name", "amount"} or taxes[0].get("name") != VAT:
        here.dropped(taxes, "only their sum is kept")
    total = sum((number(tax.get("amount"), here) for tax in taxes), start=before)
    return {"excl_vat": before, "incl_vat": total}


limit_up: Final = Shape({"excl_vat": Field("before_taxes"), "incl_vat": Field("after_taxes")})
limit_down: Final = Shape({"before_taxes": Field("excl_vat"), "after_taxes": Field("incl_vat")}, is_closed=True)

# --- Tariff ----------------------------------------------------------------------------------------------------------


def _tax_not_included(source: Value, out: Value, place: Place) -> None:
    """Prices of 2.2.1 are without VAT by definition."""
    if not place.is_partial:
        out.setdefault("tax_included", "NO")


_limits_up = {name: Field(name, limit_up) for name in ("min_price", "max_price")}
_limits_down = {name: Field(name, limit_down) for name in ("min_price", "max_price")}

tariff_up = Shape(_limits_up, finish=_tax_not_included)

_component = Shape(known=names("type price vat step_size"), is_closed=True)
_restrictions = Shape(
    known=names(
        "start_time end_time start_date end_date min_kwh max_kwh min_current max_current min_power max_power"
        " min_duration max_duration day_of_week reservation"
    ),
    is_closed=True,
)


def _net_component(value: Any, place: Place) -> Value:
    """A price component with its tax taken out. Raises Untranslatable where the rate of the tax is not known."""
    out = _component(value, place)
    price = number(out.get("price"), place.into("price"))
    if price == 0:
        return out
    if out.get("vat") is None:
        raise place.into("price").refuse("includes a tax of unknown rate, so the price without it is unknowable")
    rate = Decimal(number(out["vat"], place.into("vat")))
    if rate == -HUNDRED:
        raise place.into("vat").refuse("is not a rate")
    net = (Decimal(price) / (1 + rate / HUNDRED)).quantize(FOUR_PLACES, ROUND_HALF_EVEN)
    if net * (1 + rate / HUNDRED) != price:
        place.into("price").approximated(price, net, "rounded to four decimals")
    return {**out, "price": net}


def _component_without_vat(value: Any, place: Place) -> Value:
    out = _component(value, place)
    place.into("vat").dropped(out.pop("vat", None), "this tariff says that VAT does not apply")
    return out


_COMPONENTS: Final = {"YES": _net_component, "N/A": _component_without_vat, "NO": _component}


def _element(component: Any) -> Any:
    shape = Shape(
        {
            "price_components": Field("price_components", each(component)),
            "restrictions": Field("restrictions", _restrictions),
        },
        is_closed=True,
    )

    def turn(value: Any, place: Place) -> Any:
        if restrictions_of(value).get("booking") is not None:
            place.dropped(value, "a price for bookings")
            return GONE
        return shape(value, place)

    return turn


def _priced(source: Value, out: Value, place: Place) -> None:
    """The elements, with prices as 2.2.1 means them: without tax."""
    included = source.get("tax_included") or "NO"
    component = _COMPONENTS.get(str(included))
    if component is None:
        raise place.into("tax_included").refuse(f"is {included}, so it is not known what the prices mean")
    if included != "NO":
        place.into("tax_included").dropped(included)
    if source.get("elements") is not None:
        out["elements"] = some(_element(component))(source["elements"], place.into("elements"))


tariff_down = Shape(
    fields={
        **_limits_down,
        "tax_included": TAKEN,
        "elements": TAKEN,
        "preauthorize_amount": dropped(""),
    },
    known=names(
        "country_code party_id id currency type tariff_alt_text tariff_alt_url start_date_time end_date_time"
        " energy_mix last_updated"
    ),
    is_closed=True,
    finish=_priced,
)
