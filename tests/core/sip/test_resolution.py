"""Where a name leads, by a DNS server on loopback."""

import random
from collections import Counter
from ipaddress import ip_address

import pytest

from sip_servers.name_server import name_server
from trunkline.deadline import Deadline
from trunkline.sip.answer import NoAnswer, SipTrouble
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline.sip.resolution import Resolver
from trunkline.sip.server import SipProxy, SipServer

HOST = "trunk.example"
HOSTS = {("a.trunk.example", "A"): ["8.8.4.1"], ("b.trunk.example", "A"): ["8.8.4.2"]}
PLAIN = {(HOST, "A"): ["8.8.4.9"], (HOST, "AAAA"): ["2606:4700::9"]}


def destinations(zone, server, *, fails=(), most=8, seed=1, seconds=20, **settings):
    with name_server(zone, fails=fails) as place:
        dial = NetworkSipDial(resolver=Resolver(place), **settings)
        found = dial.destinations(server, deadline=Deadline.after(seconds), rng=random.Random(seed), most=most)
    return [f"{each.transport} {each}" for each in found]


def trouble(*arguments, **more):
    with pytest.raises(NoAnswer) as caught:
        destinations(*arguments, **more)
    return caught.value.trouble


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (SipServer("8.8.4.5"), ["udp 8.8.4.5:5060", "tcp 8.8.4.5:5060"]),
        (SipServer("8.8.4.5", transport="tls"), ["tls 8.8.4.5:5061"]),
        (SipServer("8.8.4.5", 5099, "tcp"), ["tcp 8.8.4.5:5099"]),
        (SipServer("2606:4700::1", 5061), ["tls [2606:4700::1]:5061"]),
        (SipServer(HOST, 5070, "udp"), ["udp 8.8.4.9:5070", "udp [2606:4700::9]:5070"]),
        (SipServer(HOST, transport="tls"), ["tls 8.8.4.9:5061", "tls [2606:4700::9]:5061"]),
        (SipServer(HOST, 5070, "udp", outbound_proxy=SipProxy("8.8.4.7")), ["udp 8.8.4.7:5060"]),
    ],
)
def test_an_address_a_port_and_a_transport_that_are_given_stand(server, expected):
    assert destinations(PLAIN, server) == expected


def test_a_name_without_more_is_tried_over_udp_and_then_over_tcp():
    zone = {(HOST, "A"): ["8.8.4.9"]}
    assert destinations(zone, SipServer(HOST)) == ["udp 8.8.4.9:5060", "tcp 8.8.4.9:5060"]


def test_naptr_chooses_transport_and_srv_name_by_order_and_preference():
    zone = HOSTS | {
        (HOST, "NAPTR"): [
            '50 20 "s" "SIP+D2U" "" _sip._udp.trunk.example.',
            '50 10 "s" "SIPS+D2T" "" _sips._tcp.elsewhere.example.',
            '10 10 "s" "E2U+sip" "" _sip._udp.wrong.example.',
        ],
        ("_sip._udp.trunk.example", "SRV"): ["0 0 5080 a.trunk.example."],
        ("_sips._tcp.elsewhere.example", "SRV"): ["0 0 5081 b.trunk.example."],
    }
    assert destinations(zone, SipServer(HOST)) == ["tls 8.8.4.2:5081", "udp 8.8.4.1:5080"]
    assert destinations(zone, SipServer(HOST, transport="udp")) == ["udp 8.8.4.1:5080"]


def test_a_certificate_has_to_be_for_the_name_that_the_customer_gave():
    zone = HOSTS | {("_sips._tcp.trunk.example", "SRV"): ["0 0 5061 a.trunk.example."]}
    with name_server(zone) as place:
        dial = NetworkSipDial(resolver=Resolver(place))
        (found,) = dial.destinations(
            SipServer(HOST, transport="tls"), deadline=Deadline.after(20), rng=random.Random(1), most=4
        )
    assert found.certificate_name == HOST


def test_srv_priorities_come_first_and_a_dot_offers_nothing():
    zone = HOSTS | {
        ("_sip._udp.trunk.example", "SRV"): ["20 0 5060 a.trunk.example.", "10 0 5062 b.trunk.example."],
        ("_sip._tcp.trunk.example", "SRV"): ["0 0 0 ."],
        (HOST, "A"): ["8.8.4.9"],
    }
    assert destinations(zone, SipServer(HOST)) == ["udp 8.8.4.2:5062", "udp 8.8.4.1:5060"]
    assert trouble(zone, SipServer(HOST, transport="tcp")) is SipTrouble.NO_SUCH_NAME


def test_srv_weights_share_the_first_place():
    zone = HOSTS | {("_sip._udp.trunk.example", "SRV"): ["1 90 1 a.trunk.example.", "1 10 2 b.trunk.example."]}
    with name_server(zone) as place:
        resolver, rng, server = Resolver(place), random.Random(1), SipServer(HOST, transport="udp")
        found = [
            resolver.destinations(server, private=False, deadline=Deadline.after(60), rng=rng, most=1)
            for _ in range(60)
        ]
    first = Counter(each.ip for (each,) in found)
    assert first["8.8.4.1"] > first["8.8.4.2"] > 0


def test_no_more_addresses_are_tried_than_the_bound():
    assert len(destinations({(HOST, "A"): [f"8.8.4.{i}" for i in range(1, 9)]}, SipServer(HOST), most=3)) == 3


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1"],
)
def test_a_private_address_is_refused_unless_the_operator_allows_the_name(ip):
    zone = {(HOST, "A"): [ip]}
    server = SipServer(HOST, 5060, "udp")
    assert trouble(zone, server) is SipTrouble.ADDRESS_REFUSED
    assert trouble({}, SipServer(ip, transport="udp")) is SipTrouble.ADDRESS_REFUSED
    assert destinations(zone, server, allowed_hosts=["TRUNK.example"]) == [f"udp {ip}:5060"]


@pytest.mark.parametrize(
    "ip", ["::1", "::", "fd00::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1"]
)
def test_a_private_address_is_refused_in_ipv6_too(ip):
    server = SipServer(HOST, 5060, "udp")
    assert trouble({(HOST, "AAAA"): [ip]}, server) is SipTrouble.ADDRESS_REFUSED
    assert trouble({}, SipServer(ip, transport="udp")) is SipTrouble.ADDRESS_REFUSED
    allowed = destinations({(HOST, "AAAA"): [ip]}, server, allowed_hosts=[HOST])
    assert [ip_address(each[len("udp [") : -len("]:5060")]) for each in allowed] == [ip_address(ip)]


def test_a_private_address_behind_srv_or_a_proxy_is_refused():
    srv = {("_sip._udp.trunk.example", "SRV"): ["0 0 5060 inner.example."], ("inner.example", "A"): ["10.0.0.1"]}
    assert trouble(srv, SipServer(HOST, transport="udp")) is SipTrouble.ADDRESS_REFUSED
    proxy = SipServer(HOST, transport="udp", outbound_proxy=SipProxy("inner.example", 5060))
    assert trouble(srv | PLAIN, proxy) is SipTrouble.ADDRESS_REFUSED


def test_of_several_addresses_only_the_public_ones_are_dialled():
    zone = {(HOST, "A"): ["10.0.0.1", "8.8.4.9"], (HOST, "AAAA"): ["::ffff:10.0.0.1", "fd00::1"]}
    assert destinations(zone, SipServer(HOST, transport="udp")) == ["udp 8.8.4.9:5060"]


def test_a_name_that_is_not_there_is_told_from_a_dns_that_fails():
    assert trouble({}, SipServer(HOST)) is SipTrouble.NO_SUCH_NAME
    assert trouble(PLAIN, SipServer(HOST), fails=["A"]) is SipTrouble.NOT_LOOKED_UP
    assert trouble(PLAIN, SipServer(HOST), seconds=0) is SipTrouble.NOT_LOOKED_UP


def test_a_plain_name_has_the_addresses_that_dns_tells():
    with name_server(PLAIN) as place:
        assert Resolver(place).addresses(HOST, Deadline.after(20)) == ("8.8.4.9", "2606:4700::9")
        assert Resolver(place).addresses("nobody.example", Deadline.after(20)) == ()
    with name_server(PLAIN, fails=["AAAA"]) as place, pytest.raises(NoAnswer):
        Resolver(place).addresses(HOST, Deadline.after(20))


def test_a_dns_that_does_not_know_naptr_hides_nothing():
    assert destinations(PLAIN, SipServer(HOST), fails=["NAPTR"])[0] == "udp 8.8.4.9:5060"


NO_HOSTS = ("", "a b", "sip:x", "x:5060", "1.2.3", "-x.example", "a..b", "x" * 300, "[::1]", "fe80::1%eth0")


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_refused_by_its_field(host):
    with pytest.raises(ValueError, match="host"):
        SipServer(host)


def test_a_sandbox_leads_each_mapped_host_to_itself_without_tls():
    dial = SandboxSipDial({"Trunk.example": ("127.0.0.1", 5070)})
    (found,) = dial.destinations(SipServer(HOST, 5061, "tls"), deadline=Deadline.after(1), rng=random.Random(1), most=4)
    assert (str(found), found.transport, found.certificate_name) == ("127.0.0.1:5070", "tls", None)
