"""Which addresses the hub may call: none inside its own network, in whatever spelling."""

from __future__ import annotations

import ipaddress

import pytest

from routing.addresses import ForbiddenAddress, check_nothing, check_public, check_url

PUBLIC = [
    "https://cpo.example/ocpi/versions",
    "https://cpo.example:8443/ocpi?x=1",
    "https://93.184.216.34/ocpi",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/ocpi",
    "https://cpo.example/a%20b/%7Euser",
    "https://localhost.example/ocpi",
]

INSIDE = [
    "https://127.0.0.1/",
    "https://127.8.9.10/",
    "https://localhost/",
    "https://LOCALHOST:8080/",
    "https://localhost./",
    "https://db.localhost/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd12:3456:789a::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:0a00:0001::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[::7f00:1]/",
]

# what the C library's inet_aton takes for an address
IN_DISGUISE = [
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
]

NOT_A_URL = [
    None,
    17,
    "",
    "cpo.example/ocpi",
    "//cpo.example/ocpi",
    "ftp://cpo.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///ocpi",
    "https://cpo.example:99999/",
    "https://cpo.example:port/",
    "https://[::1",
    "https://user@cpo.example/",
    "https://user:secret@cpo.example/",
    "https://cpo.example\\@evil.example/\n",
    "https://cpo.example/a b",
    "https://cpo.example/\x00",
    "https://cpo.example/\x7f",
    "https://bücher.example/",
    "https://cpo.example/" + "a" * 2048,
]


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_https_address_is_fine(url: str) -> None:
    assert check_url(url, allow_private=False) == url


@pytest.mark.parametrize("url", [*INSIDE, *IN_DISGUISE])
def test_no_address_inside_is_called(url: str) -> None:
    with pytest.raises(ForbiddenAddress, match="loopback, private or link-local"):
        check_url(url, allow_private=False)


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_inside_is_called_where_the_admin_allowed_it(url: str) -> None:
    assert check_url(url, allow_private=True) == url
    assert check_url(url.replace("https://", "http://"), allow_private=True)


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize("url", NOT_A_URL)
def test_what_is_no_url_to_call_is_refused_always(url: object, allow_private: bool) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(url, allow_private=allow_private)


def test_plain_http_needs_the_admins_word() -> None:
    with pytest.raises(ForbiddenAddress, match="https://"):
        check_url("http://cpo.example/ocpi", allow_private=False)
    assert check_url("http://cpo.example/ocpi", allow_private=True)


@pytest.mark.parametrize("url", ["/ocpi/versions", "cpo.example/ocpi/versions", "ftp://cpo.example/ocpi/versions"])
def test_an_address_without_https_is_shown_as_it_came(url: str) -> None:
    with pytest.raises(ForbiddenAddress) as refused:
        check_url(f"{url}?token=secret", allow_private=True)
    assert str(refused.value) == f"{url} must begin with https:// or http://"


def test_credentials_and_queries_are_not_repeated_in_an_error() -> None:
    for url in (
        "http://user:hunter2@cpo.example/",
        "http://cpo.example/?token=hunter2",
        "https://u:hunter2@[::1",
        "https://user:hunter2/",
        "user:hunter2@cpo.example/ocpi",
    ):
        with pytest.raises(ForbiddenAddress) as refused:
            check_url(url, allow_private=False)
        assert "hunter2" not in str(refused.value)


# what DNS may answer: the same addresses, as a resolver gives them
@pytest.mark.parametrize("url", [url for url in INSIDE if "local" not in url.lower()])
def test_an_answer_of_dns_that_leads_inside_is_refused(url: str) -> None:
    address = ipaddress.ip_address(url.removeprefix("https://").partition("]")[0].partition("/")[0].strip("["))
    with pytest.raises(ForbiddenAddress):
        check_public(address)
    check_nothing(address)


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_answer_of_dns_is_fine(text: str) -> None:
    check_public(ipaddress.ip_address(text))
