"""A path is joined to the endpoint of its receiver: it must stay below it, whatever the receiver's server undoes."""

from __future__ import annotations

import pytest

from routing.decide import check_path
from routing.errors import UnknownPath

LEADS_OUT = r"/.. /. /../x /NL/./x /a/%2E%2e/b /.%2e /a%2F..%2fb /..;x=1/b /..%3b /..%5Cx /x\.."
STAYS = "/ /a..b /... /..a/a.. /1.2 /%2e%2e%2e /a%2F... /.well-known /%252e%252e"


def test_a_path_that_leads_out_of_its_endpoint_is_none() -> None:
    for path in LEADS_OUT.split():
        with pytest.raises(UnknownPath):
            check_path(path)
    for path in STAYS.split():
        check_path(path)
