"""Web addresses as authors write them → the one form that is sent, and who may be asked.

Nothing here talks to a network.
"""

import contextlib
import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, unquote, urljoin, urlsplit

_WEB = re.compile(r"(?:https?:)?//", re.I)
_HOST = re.compile(r"[a-z0-9._~-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH_SIGNS = "/%:@!$&'()*+,;=~[]|^"
_NAT64 = IPv6Network("64:ff9b::/96")
"""The prefix under which IPv6-only networks reach IPv4 hosts (RFC 6052, section 2.1)."""


def is_web(target: str) -> bool:
    """Tell whether `target` is an http or https address, or one that begins with `//`."""
    return _WEB.match(target.strip()) is not None


def split_fragment(target: str) -> tuple[str, str]:
    """Return the address in the form that is asked, and what stands behind the `#`, as written.

    Host in lower case and IDNA, everything else percent-encoded as browsers do (WHATWG URL
    Standard), without user name and password. Raises `ValueError` for what is no address.
    """
    address, _, fragment = target.strip().partition("#")
    if address.startswith("//"):
        address = f"https:{address}"
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError(f"{scheme or 'nothing'} is no scheme of the web")
    host = _ascii_host(unquote(parts.hostname or ""))
    port = parts.port
    if port == 0:
        raise ValueError("port 0 does not exist")
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    path = quote(parts.path or "/", safe=_PATH_SIGNS)
    query = f"?{quote(parts.query, safe=_PATH_SIGNS + '?')}" if parts.query else ""
    return f"{scheme}://{host}{path}{query}", fragment


def join(address: str, location: str) -> tuple[str, str]:
    """Return where a redirect from `address` leads, split as by `split_fragment`.

    http.client reads header fields as Latin-1, servers write them in UTF-8. The fragment is
    percent-encoded, too: it is a stranger's text and may end up in the author's.
    Raises `ValueError`.
    """
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    there, fragment = split_fragment(urljoin(address, location.strip()))
    return there, quote(fragment, safe=_PATH_SIGNS + "?")


def host_of(address: str) -> str:
    """Return the host name of an address in the form that is asked."""
    return urlsplit(address).hostname or ""


def site_of(address: str) -> str:
    """Return host and port of an address in the form that is asked."""
    return urlsplit(address).netloc


def port_of(address: str) -> int:
    """Return the port of an address in the form that is asked."""
    parts = urlsplit(address)
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet.

    Private, loopback, link-local, multicast, reserved and unspecified addresses do not (IANA
    special-purpose registries), nor do IPv4-mapped ones, which reach IPv4 by another name.
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return False
        if ip in _NAT64:
            return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.sixtofour is not None and not is_public(str(ip.sixtofour)):
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{IPv6Address(host)}]"
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no name of a host")
    return host
