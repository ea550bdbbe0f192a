"""The client's address: what our own proxies wrote, and nothing that a client can write itself."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.client_address import client_address

PROXY = "10.0.0.7"
ANY_ADDRESS = st.ip_addresses().map(str)
IPV4 = st.ip_addresses(v=4).map(str)


def address(forwarded=None, *, connected=PROXY):
    header = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address({"REMOTE_ADDR": connected, **header})


@pytest.fixture(params=[1, 2, 3])
def hops(request, settings):
    settings.TRUSTED_PROXY_HOPS = request.param
    return request.param


@pytest.fixture
def one_hop(settings):
    settings.TRUSTED_PROXY_HOPS = 1


def test_without_a_proxy_it_is_whoever_is_connected_whatever_the_header_says(settings):
    settings.TRUSTED_PROXY_HOPS = 0

    assert address("192.0.2.1", connected="198.51.100.9") == "198.51.100.9"


def test_behind_n_proxies_it_is_the_nth_entry_from_the_right(hops):
    entries = ["203.0.113.1", "192.0.2.3", "192.0.2.2", "192.0.2.1"]

    assert address(", ".join(entries)) == entries[-hops]


@pytest.mark.usefixtures("one_hop")
@given(written=st.text(), client=IPV4)
def test_nothing_a_client_writes_changes_what_the_proxy_appends(written, client):
    assert address(f"{written}, {client}") == client


@pytest.mark.usefixtures("one_hop")
@given(written=st.lists(ANY_ADDRESS, max_size=5), client=IPV4)
def test_repeated_headers_count_as_one_list(written, client):
    assert address(",".join([*written, client])) == client  # joined so by the server, without a space


def test_fewer_entries_than_proxies_is_nobodys_word(settings):
    settings.TRUSTED_PROXY_HOPS = 2

    assert address("192.0.2.1") == PROXY


@pytest.mark.usefixtures("one_hop")
@pytest.mark.parametrize(
    "garbage",
    ["", " ", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.1/24", "localhost", "1" * 5000, "::g",
     "[]", "[192.0.2.1", "192.0.2.01", "٣.٣.٣.٣", "192.0.2.1;", "for=192.0.2.1", "192.0.2.1\x00"],
)  # fmt: skip
def test_what_is_no_address_leaves_the_one_that_is_connected(garbage):
    assert address(garbage) == PROXY


@pytest.mark.usefixtures("one_hop")
@given(st.text())
def test_any_text_gives_a_countable_address(text):
    found = address(text)

    assert ipaddress.ip_network(found).prefixlen in {32, 64}


@pytest.mark.usefixtures("one_hop")
def test_without_the_header_it_is_whoever_is_connected():
    assert address() == PROXY


@pytest.mark.usefixtures("one_hop")
@pytest.mark.parametrize("connected", ["", "unix:", "@"])
def test_on_a_socket_without_addresses_all_clients_are_one(connected):
    assert address(connected=connected) == ""


@pytest.mark.usefixtures("one_hop")
@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_an_ipv4_address_is_counted_alone_with_or_without_a_port_or_wrapped(client, port):
    for written in (f"{client}", f"{client}:{port}", f"::ffff:{client}", f"[::ffff:{client}]:{port}"):
        assert address(written) == str(client)


@pytest.mark.usefixtures("one_hop")
@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1), st.integers(0, 65535))
def test_an_ipv6_client_is_counted_by_its_network_however_it_changes_the_rest(client, rest, port):
    neighbour = ipaddress.IPv6Address(int(client) >> 64 << 64 | rest)
    if client.ipv4_mapped or neighbour.ipv4_mapped:
        return

    network = address(str(client))
    assert client in ipaddress.ip_network(network)
    assert ipaddress.ip_network(network).prefixlen == 64
    for written in (str(neighbour), f"[{neighbour}]", f"[{neighbour}]:{port}", neighbour.exploded.upper()):
        assert address(written) == network


@pytest.mark.usefixtures("one_hop")
def test_a_zone_does_not_make_another_client():
    assert address("fe80::1%eth0") == address("fe80::2") == "fe80::/64"
