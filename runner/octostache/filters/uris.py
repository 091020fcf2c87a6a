"""`UriPart`: what is in an address."""

from collections.abc import Callable, Sequence
from typing import Final

from runner.octostache.dotnet.characters import to_lower
from runner.octostache.dotnet.uris import InvalidUriError, RelativeUriError, Uri, parse_uri


def _flag(value: bool) -> str:
    return "true" if value else "false"


_PARTS: Final[dict[str, Callable[[Uri], str]]] = {
    "absolutepath": lambda uri: ("/" if uri.dos else "") + uri.path if not uri.dos else uri.path,
    "absoluteuri": lambda uri: uri.absolute,
    "authority": lambda uri: uri.authority,
    "dnssafehost": lambda uri: uri.dns_safe_host,
    "fragment": lambda uri: uri.fragment,
    "host": lambda uri: uri.host,
    "hostandport": lambda uri: uri.host_and_port,
    "hostnametype": lambda uri: uri.host_type,
    "isabsoluteuri": lambda uri: "true",
    "isdefaultport": lambda uri: _flag(uri.has_default_port),
    "isfile": lambda uri: _flag(uri.scheme == "file"),
    "isloopback": lambda uri: _flag(uri.is_loopback),
    "isunc": lambda uri: _flag(uri.is_unc),
    "path": lambda uri: uri.local_path,
    "pathandquery": lambda uri: uri.path + uri.query,
    "port": lambda uri: str(uri.port),
    "query": lambda uri: uri.query,
    "scheme": lambda uri: uri.scheme,
    "schemeandserver": lambda uri: uri.scheme_and_server,
    "userinfo": lambda uri: uri.user,
}


def uri_part(argument: str | None, options: Sequence[str]) -> str | None:
    """`UriPart part`. What is not an address at all is passed on; other problems are told in the result."""
    if argument is None:
        return None
    if not options:
        return "[UriPart error: no argument given]"
    wanted = options[0]
    part = _PARTS.get(to_lower(wanted))
    try:
        uri = parse_uri(argument)
    except InvalidUriError:
        return argument
    except RelativeUriError:
        if part is not None:
            return "false" if to_lower(wanted) == "isabsoluteuri" else _error(wanted, _RELATIVE)
        uri = None
    return _error(wanted, f"argument '{wanted}' not supported") if part is None or uri is None else part(uri)


_RELATIVE: Final = "This operation is not supported for a relative URI."


def _error(part: str, reason: str) -> str:
    return f"[UriPart {part} error: {reason}]"
