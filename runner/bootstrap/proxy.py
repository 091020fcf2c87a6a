"""The proxy settings a script inherits, from the variables that Octopus has for them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from runner.bootstrap.dictionary import is_true, lookup

_LOCAL = "127.0.0.1,localhost,169.254.169.254"


def proxy_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """What to export. The start script yields to proxy settings that the container has already."""
    host = lookup(variables, "TentacleProxyHost")
    if host:
        return {
            "TREADLE_PROXY": _address(host, variables),
            "TREADLE_NO_PROXY": _LOCAL,
        }
    use_default = lookup(variables, "TentacleUseDefaultProxy")
    if use_default and not is_true(use_default):
        return {"TREADLE_NO_PROXY": "*"}
    return {}


def _address(host: str, variables: Mapping[str, str]) -> str:
    port = lookup(variables, "TentacleProxyPort") or "80"
    user = lookup(variables, "TentacleProxyUsername")
    if not user:
        return f"http://{host}:{port}"
    password = lookup(variables, "TentacleProxyPassword") or ""
    return f"http://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}"
