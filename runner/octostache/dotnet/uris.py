"""Addresses as .NET's `System.Uri` takes them apart."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from runner.octostache.dotnet.characters import encodable

_DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "gopher": 70,
    "nntp": 119,
    "telnet": 23,
    "ldap": 389,
    "mailto": 25,
    "net.tcp": 808,
}
_MUST_HAVE_HOST: Final = frozenset(
    {"http", "https", "ws", "wss", "ftp", "gopher", "nntp", "telnet", "net.tcp"}
)
_MUST_HAVE_AUTHORITY: Final = _MUST_HAVE_HOST | {"ldap", "net.pipe"}
_UNCOMPRESSED: Final = frozenset({"ldap", "gopher", "nntp", "telnet", "mailto"})
_NO_QUERY: Final = frozenset({"ftp", "gopher", "nntp", "telnet"})
_LARGEST_PORT: Final = 65_535

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_DOS_PATH: Final = re.compile(r"[A-Za-z][:|][\\/]")
_PORT: Final = re.compile(r"(.*?):([0-9]*)", re.DOTALL)
_LABEL: Final = re.compile(r"[^\W_][\w\-]*")
_LOOSE_LABEL: Final = re.compile(r"[\w\-]+")
_IPV4_PART: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_ESCAPED: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_SAFE: Final = "-_.~;/?:@&=+$,#[]!*'()%"


class RelativeUriError(ValueError):
    """The address is relative: it has no parts."""


class InvalidUriError(ValueError):
    """The text is neither an absolute nor a relative address."""


@dataclass(frozen=True)
class Uri:
    """The parts of an absolute address, escaped. `port` is -1 where the scheme has none."""

    scheme: str
    user: str
    host: str
    host_type: str
    port: int
    path: str
    query: str
    fragment: str
    slashes: bool
    dos: bool = False

    @property
    def has_default_port(self) -> bool:
        return self.port == _DEFAULT_PORTS.get(self.scheme, -1)

    @property
    def authority(self) -> str:
        return self.host if self.has_default_port else f"{self.host}:{self.port}"

    @property
    def host_and_port(self) -> str:
        return self.host if self.port < 0 else f"{self.host}:{self.port}"

    @property
    def scheme_and_server(self) -> str:
        return f"{self.scheme}:{'//' if self.slashes else ''}{self.authority}"

    @property
    def absolute(self) -> str:
        user = f"{self.user}@" if self.user else ""
        start = f"{self.scheme}:{'//' if self.slashes else ''}{user}{self.authority}"
        return start + ("/" if self.dos else "") + self.path + self.query + self.fragment

    @property
    def is_unc(self) -> bool:
        return self.scheme == "file" and bool(self.host)

    @property
    def is_loopback(self) -> bool:
        if self.host == "":
            return self.scheme == "file"
        return self.host in ("localhost", "loopback", "[::1]") or (
            self.host_type == "IPv4" and self.host.startswith("127.")
        )

    @property
    def dns_safe_host(self) -> str:
        return self.host.strip("[]") if self.host_type == "IPv6" else self.host

    @property
    def local_path(self) -> str:
        path = unquote(self.path)
        if self.is_unc:
            return "\\\\" + self.host + path.replace("/", "\\")
        return path.replace("/", "\\") if self.dos else path


def parse_uri(text: str) -> Uri:
    """Takes `text` apart; raises `RelativeUriError` or `InvalidUriError`."""
    text = encodable(text).strip(" \t\r\n")
    if text.startswith("\\\\"):
        return _file("//" + text[2:], dos=False)
    if _DOS_PATH.match(text):
        return _file(text[0] + ":" + text[2:], dos=True)
    match = _SCHEME.match(text)
    if match is None:
        raise RelativeUriError(text)
    scheme, rest = match[1].lower(), text[match.end() :]
    if len(scheme) == 1:
        raise InvalidUriError(text)
    if scheme == "file":
        return _file(rest, dos=bool(_DOS_PATH.match(rest.lstrip("/\\"))))
    if scheme == "mailto":
        return _mail(rest)
    rest = re.sub(r"^[\\/]{2}", "//", rest)
    if not rest.startswith("//"):
        if scheme in _MUST_HAVE_AUTHORITY:
            raise RelativeUriError(text)
        return _opaque(scheme, rest)
    return _hierarchical(scheme, rest[2:])


def _file(rest: str, dos: bool) -> Uri:
    rest = rest.replace("\\", "/")
    path, query, fragment = _split("file", rest)
    if dos:
        drive = path.lstrip("/")
        return Uri("file", "", "", "Basic", -1, _path("file", drive), query, fragment, True, dos=True)
    if not path.startswith("//"):
        raise RelativeUriError(rest)
    host, _, tail = path[2:].partition("/")
    name, kind = ("", "Basic") if host == "" else _host(host, "file")
    return Uri("file", "", name, kind, -1, _path("file", "/" + tail), query, fragment, True)


def _mail(rest: str) -> Uri:
    path, query, fragment = _split("mailto", rest)
    user, at, host = path.rpartition("@")
    if not at:
        return Uri(
            "mailto", "", "", "Unknown" if path else "Basic", 25, _escape(path), query, fragment, False
        )
    name, kind = _host(host, "mailto")
    return Uri("mailto", _escape(user), name, kind, 25, "", query, fragment, False)


def _opaque(scheme: str, rest: str) -> Uri:
    path, query, fragment = _split(scheme, rest)
    port = _DEFAULT_PORTS.get(scheme, -1)
    return Uri(scheme, "", "", "Unknown", port, _path(scheme, path), query, fragment, False)


def _hierarchical(scheme: str, rest: str) -> Uri:
    end = re.search(r"[/\\?#]", rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    user, _, host = authority.rpartition("@")
    port = _DEFAULT_PORTS.get(scheme, -1)
    with_port = None if host.endswith("]") else _PORT.fullmatch(host)
    if with_port:
        host = with_port[1]
        port = int(with_port[2][:9]) if with_port[2] else port
        if port > _LARGEST_PORT:
            raise InvalidUriError(rest)
    if host == "" and scheme in _MUST_HAVE_HOST:
        raise InvalidUriError(rest)
    name, kind = ("", "Basic") if host == "" else _host(host, scheme)
    path, query, fragment = _split(scheme, tail)
    path = path or "/"
    return Uri(scheme, _escape(user), name, kind, port, _path(scheme, path), query, fragment, True)


def _split(scheme: str, text: str) -> tuple[str, str, str]:
    """Path as written, query and fragment escaped with their signs."""
    text, hash_sign, fragment = text.partition("#")
    path, question, query = (text, "", "") if scheme in _NO_QUERY else text.partition("?")
    return path.replace("\\", "/"), question + _escape(query), hash_sign + _escape(fragment)


def _path(scheme: str, path: str) -> str:
    return _escape(path if scheme in _UNCOMPRESSED else _without_dots(path))


def _without_dots(path: str) -> str:
    out: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment in (".", ".."):
            if segment == ".." and len(out) > 1:
                out.pop()
            if index == len(segments) - 1:
                out.append("")
        else:
            out.append(segment)
    return "/".join(out)


def _escape(text: str) -> str:
    return quote(_ESCAPED.sub(_canonical_escape, re.sub(r"%(?![0-9a-fA-F]{2})", "%25", text)), safe=_SAFE)


def _canonical_escape(match: re.Match[str]) -> str:
    """Unreserved characters plain, others as they are; what is UTF-8 gets upper-case digits."""
    out: list[str] = []
    for piece in re.findall(r"(?:%[89a-fA-F][0-9a-fA-F])+|%..", match[0]):
        char = chr(int(piece[1:3], 16))
        if len(piece) > 3:
            out.append(piece.upper() if "�" not in unquote(piece) else piece)
        else:
            out.append(char if char.isascii() and (char.isalnum() or char in "-_.~") else piece)
    return "".join(out)


def _host(host: str, scheme: str) -> tuple[str, str]:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1].partition('%')[0]).compressed}]", "IPv6"
        except ValueError as error:
            raise InvalidUriError(host) from error
    address = _ipv4(host)
    if address is not None:
        return address, "IPv4"
    labels = host.removesuffix(".").split(".")
    if all(_LABEL.fullmatch(label) and len(label) <= 63 for label in labels):
        return host.lower(), "Dns"
    if all(_LOOSE_LABEL.fullmatch(label) for label in labels):
        return host.lower(), "Basic"
    if scheme in _DEFAULT_PORTS or scheme == "file":
        raise InvalidUriError(host)
    return _escape(host), "Basic"


def _ipv4(host: str) -> str | None:
    """The canonical form of an address of one to four decimal, octal or hexadecimal numbers."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_IPV4_PART.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [
            int(part, 16)
            if part[:2].lower() == "0x"
            else int(part, 8 if part[0] == "0" and len(part) > 1 else 10)
            for part in (part[:20] for part in parts)
        ]
    except ValueError:
        return None
    *heads, last = numbers
    if any(number > 255 for number in heads) or last >= 256 ** (5 - len(parts)):
        return None
    value = last + sum(number << (8 * (3 - index)) for index, number in enumerate(heads))
    return str(ipaddress.IPv4Address(value))
