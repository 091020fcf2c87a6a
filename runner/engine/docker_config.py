"""Docker's own files, read as the docker command reads them: `config.json`, contexts, logins at registries.

The docker package stumbles where the command goes on: over a config file that is broken or has other types in it, over
contexts beside a config file that is not there, over helpers for logins that are not installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.engine.base import EngineError

DEFAULT_CONTEXT = "default"
DEFAULT_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class DockerContext:
    """Where a context leads. `tls` maps `ca`, `cert`, `key` to files that are there; `verify`: check the engine's."""

    host: str
    tls: Mapping[str, str]
    verify: bool = True


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What a registry is told on a pull; empty without a login. `complaint`: why there is none although one is set."""

    values: Mapping[str, Any]
    complaint: str | None = None


def config_folder() -> Path:
    """Where Docker's files lie: DOCKER_CONFIG, else `~/.docker`."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - raises nothing


def read_config() -> Mapping[str, Any]:
    """`config.json`; one that is missing or broken counts as empty: the docker command warns of it and goes on."""
    try:
        value = json.loads((config_folder() / "config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def current_context() -> DockerContext:
    """The context of DOCKER_CONTEXT, else of the config file. Raises EngineError."""
    name = os.environ.get("DOCKER_CONTEXT") or read_config().get("currentContext") or DEFAULT_CONTEXT
    if name == DEFAULT_CONTEXT or not isinstance(name, str):
        return DockerContext(DEFAULT_HOST, {})
    number = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    contexts = config_folder() / "contexts"
    try:
        meta = json.loads((contexts / "meta" / number / "meta.json").read_bytes())
        endpoint = meta["Endpoints"]["docker"]
        host, skip = endpoint.get("Host") or DEFAULT_HOST, endpoint.get("SkipTLSVerify")
    except FileNotFoundError:
        raise EngineError(
            "docker-context-unknown",
            f'The Docker context "{name}" does not exist.',
            hint="List the contexts with `docker context ls`.",
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EngineError(
            "docker-context-unreadable",
            f'The Docker context "{name}" cannot be read: {type(error).__name__}: {error}.',
            hint="Look at it with `docker context inspect`, or use another one.",
        ) from error
    folder = contexts / "tls" / number / "docker"
    files = {kind: folder / f"{kind}.pem" for kind in ("ca", "cert", "key")}
    tls = {kind: str(path) for kind, path in files.items() if path.is_file()}
    return DockerContext(str(host), tls, verify=not skip)


def registry_login(registry: str) -> RegistryLogin:
    """The login for a registry, by its host's name. Whatever keeps it from being read, a pull goes on without."""
    from docker.auth import INDEX_NAME, INDEX_URL, AuthConfig, resolve_index_name
    from docker.errors import DockerException

    config = read_config()
    try:
        auths = {
            key: entry
            for key, entry in (config.get("auths") or {}).items()
            if resolve_index_name(key) == registry
        }
        address = INDEX_URL if registry == INDEX_NAME else registry
        helper = (config.get("credHelpers") or {}).get(address) or config.get("credsStore")
        wanted = {"auths": auths, "credHelpers": {address: helper} if helper else {}}
        if not any(wanted.values()):
            return RegistryLogin({})
        with warnings.catch_warnings(action="ignore"):  # of a helper that is not installed: told below
            found = AuthConfig.load_config(None, wanted).resolve_authconfig(registry)
    except (
        DockerException,
        RuntimeError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OSError,
    ) as error:
        where = config_folder() / "config.json"
        return RegistryLogin({}, f'the login that "{where}" has for "{registry}" cannot be read ({error})')
    return RegistryLogin(found or {})
