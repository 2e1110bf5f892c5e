"""One case for each row of the table of connectors, each standard named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.routing.bridge.rows import Row, check
from tests.routing.bridge.samples import TARIFF_221
from tests.routing.bridge.surroundings import ABSENT

OLD, MID, NEW = "2.2.1>2.1.1", "2.3.0>2.2.1", "2.3.0>2.1.1"
UP, UPPER, UPMOST = "2.1.1>2.2.1", "2.2.1>2.3.0", "2.1.1>2.3.0"
TEN = "0123456789"
LONG = "x" * 37


def connector(route: str, given: dict[str, Any], expected: dict[str, Any], *lost: str, **more: Any) -> Row:
    return Row("Connector", route, given, expected, lost, **more)


NEW_CONNECTORS = (
    "CHAOJI DOMESTIC_M DOMESTIC_N DOMESTIC_O GBT_AC GBT_DC NEMA_5_20 NEMA_6_30 NEMA_6_50 NEMA_10_30 NEMA_10_50"
    " NEMA_14_30 NEMA_14_50 PANTOGRAPH_BOTTOM_UP PANTOGRAPH_TOP_DOWN"
).split()
OLD_CONNECTORS = (
    "CHADEMO DOMESTIC_A DOMESTIC_B DOMESTIC_C DOMESTIC_D DOMESTIC_E DOMESTIC_F DOMESTIC_G DOMESTIC_H DOMESTIC_I"
    " DOMESTIC_J DOMESTIC_K DOMESTIC_L IEC_60309_2_single_16 IEC_60309_2_three_16 IEC_60309_2_three_32"
    " IEC_60309_2_three_64 IEC_62196_T1 IEC_62196_T1_COMBO IEC_62196_T2 IEC_62196_T2_COMBO IEC_62196_T3A"
    " IEC_62196_T3C TESLA_R TESLA_S"
).split()
CONNECTORS = [
    *(connector(route, {"standard": value}, {}, refused="unknown") for route in (OLD, NEW) for value in NEW_CONNECTORS),
    *(connector(MID, {"standard": value}, {"standard": value}) for value in NEW_CONNECTORS),
    *(connector(NEW, {"standard": value}, {"standard": value}) for value in OLD_CONNECTORS),
    *(connector(route, {"standard": value}, {}, refused="unknown")
      for route in (MID, NEW) for value in ("MCS", "SAE_J3400")),
    *(
        connector(OLD, {"power_type": value}, {"power_type": "AC_1_PHASE"}, "power_type approximated")
        for value in ("AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_9_PHASE")
    ),
    *(connector(OLD, {"power_type": value}, {"power_type": value}) for value in ("AC_1_PHASE", "AC_3_PHASE", "DC")),
    connector(MID, {"power_type": "AC_2_PHASE"}, {"power_type": "AC_2_PHASE"}),
    connector(OLD, {"max_voltage": 400}, {"voltage": 400, "max_voltage": ABSENT}),
    connector(OLD, {"max_amperage": 16}, {"amperage": 16, "max_amperage": ABSENT}),
    connector(OLD, {"max_electric_power": 11000}, {"max_electric_power": ABSENT}, "max_electric_power dropped"),
    connector(MID, {"max_electric_power": 11000}, {"max_electric_power": 11000}),
    connector(MID, {"capabilities": ["ISO_15118_2_PLUG_AND_CHARGE"]}, {"capabilities": ABSENT}, "capabilities dropped"),
    connector(UP, {"tariff_id": ABSENT}, {"tariff_ids": ABSENT}),
    connector(UP, {"tariff_id": LONG}, {}, refused="longer than 36"),
    connector(OLD, {"tariff_ids": ["A", "B"]}, {"tariff_id": "A"}, "tariff_ids approximated"),
    *(
        connector(OLD, {"tariff_ids": ["A", "B"]}, {"tariff_id": chosen}, f"tariff_ids {what}", memory=tariffs)
        for chosen, what, tariffs in (
            ("B", "approximated", {"Tariff BE/BEC/B": TARIFF_221}),
            ("B", "approximated", {"Tariff BE/BEC/A": {**TARIFF_221, "type": "AD_HOC_PAYMENT"}}),
            ("B", "approximated", {"Tariff BE/BEC/A": {**TARIFF_221, "start_date_time": "2027-01-01T00:00:00Z"}}),
            ("B", "approximated", {"Tariff BE/BEC/A": {**TARIFF_221, "end_date_time": "2026-01-01T00:00:00Z"}}),
            ("A", "approximated", {"Tariff BE/BEC/A": {**TARIFF_221, "type": "REGULAR"}}),
            (ABSENT, "dropped", {f"Tariff BE/BEC/{x}": {**TARIFF_221, "type": "PROFILE_FAST"} for x in "AB"}),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", CONNECTORS, ids=str)
def test_a_connector_crosses_by_its_row(row: Row) -> None:
    check(row)
