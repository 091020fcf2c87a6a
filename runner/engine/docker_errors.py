"""What goes wrong with an engine, in our terms: `engine_errors` for its faults, `user_errors` for what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from registry.errors import UserError
from runner.engine.base import ContainerRefused, EngineError, ImageNotFound

if TYPE_CHECKING:
    from docker import APIClient
    from docker.errors import APIError

    from runner.engine.docker_connect import Connection

SERVER_FAULT = 500


@contextmanager
def user_errors(connection: Connection, image: str, user: str | None = None) -> Iterator[None]:
    """Turn a refusal to create or start a container into ImageNotFound or ContainerRefused."""
    from docker.errors import APIError

    with engine_errors(connection, "starting a container"):
        try:
            yield
        except APIError as error:
            known = _recognise(connection.client, explanation(error), image, user)
            if known is None and (error.status_code or SERVER_FAULT) >= SERVER_FAULT:
                raise
            said = f"The engine refuses the container: {explanation(error)}."
            raise known or _refused("container-refused", said) from error


def _recognise(client: APIClient, said: str, image: str, user: str | None) -> UserError | None:
    """The mistake behind what the engine said; None when it is none that we know."""
    if "No such image" in said:
        return image_not_found(client, image)
    if "cannot join network of" in said or "No such container" in said:
        return EngineError("namespace-gone", "The network namespace that this action was to join has ended.")
    if network := re.search(r"network (\S+) not found", said):
        return _no_network(client, network[1])
    if "/bin/sh" in said and "no such file" in said:
        return no_shell(image)
    if "unable to find user" in said or "no matching entries" in said:
        named = f'user "{user}"' if user else "user that it names itself"
        return _refused("no-such-user", f'The image "{image}" has no {named}.', "A numeric id always works.")
    if "OCI runtime" in said or "invalid mount config" in said:
        return _refused("container-refused", f'A container of "{image}" cannot start: {said}.')
    return None


def _refused(code: str, message: str, hint: str | None = None) -> ContainerRefused:
    return ContainerRefused(code, message, hint)


def _no_network(client: APIClient, name: str) -> ContainerRefused:
    there = sorted(str(network["Name"]) for network in client.networks())
    return _refused(
        "no-such-network",
        f'The engine has no network "{name}".',
        f"It has: {', '.join(there)}. Make one with `docker network create {name}`.",
    )


def no_shell(image: str) -> ContainerRefused:
    """The error for an image that nothing can run in."""
    return _refused(
        "image-without-shell",
        f'The image "{image}" has no /bin/sh, which every action needs.',
        "Choose an image with a shell; Alpine and busybox are enough.",
    )


def image_not_found(client: APIClient, reference: str, reason: str | None = None) -> ImageNotFound:
    """The error for an image that is neither here nor to be had, with the nearest one that is here."""
    there = local_images(client)
    close = get_close_matches(reference, there, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else "List what is there with `docker images`."
    because = f" and cannot be pulled: {reason}" if reason else ""
    return ImageNotFound("image-not-found", f'The image "{reference}" is not there{because}.', hint)


def local_images(client: APIClient) -> list[str]:
    """The names of all images that the engine has."""
    return sorted({tag for image in client.images() for tag in image.get("RepoTags") or ()})


def unreachable(host: str, error: Exception) -> EngineError:
    """The engine does not answer: what to do about it, by the kind of failure."""
    detail = _innermost(error)
    if isinstance(detail, PermissionError):
        hint = 'Add yourself to the group "docker" (and log in again), or run as root.'
    elif host.startswith("unix://"):
        hint = "Start it (sudo systemctl start docker), or name another engine in DOCKER_HOST."
    else:
        hint = "Check the address, its port, and that TLS is used on both sides."
    return EngineError(
        "engine-unreachable", f'The Docker engine at "{host}" does not answer: {detail}.', hint
    )


def _innermost(error: BaseException) -> BaseException:
    """The operating system's reason; the libraries between wrap it several times."""
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
        if isinstance(seen, OSError) and seen.errno:
            break
    return seen


def _timed_out(error: Exception) -> bool:
    from requests.exceptions import ConnectionError as BrokenConnection
    from requests.exceptions import Timeout
    from urllib3.exceptions import ReadTimeoutError

    # Within a body that comes in pieces, a timeout arrives as a broken connection.
    within = error.args[0] if isinstance(error, BrokenConnection) and error.args else None
    return isinstance(error, Timeout | TimeoutError) or isinstance(within, ReadTimeoutError)


def explanation(error: APIError) -> str:
    """What the engine itself said."""
    return str(error.explanation or error).strip().rstrip(".")


@contextmanager
def engine_errors(connection: Connection, doing: str, *, may_be_slow: bool = False) -> Iterator[None]:
    """Turn whatever the client raises while `doing` something into EngineError.

    Something that `may_be_slow` says nothing about the engine when it takes too long.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        message = f'The Docker engine at "{connection.name}" failed while {doing}: {explanation(error)}.'
        raise EngineError("engine-failed", message) from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        if not may_be_slow and _timed_out(error):
            connection.note_lost()
        reason = _innermost(error)
        message = f'The connection to the Docker engine at "{connection.name}" broke while {doing}: {reason}.'
        raise EngineError("engine-lost", message, hint="Check that the engine is still running.") from error
