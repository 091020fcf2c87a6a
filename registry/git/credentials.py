"""What an address held before its `@`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an address held before its `@`. Handed to git in its environment: never in argv or a file."""

    username: str
    password: str

    def settings(self) -> tuple[str, ...]:
        helper = '!f() { echo "username=$TREADLE_GIT_USER"; echo "password=$TREADLE_GIT_PASSWORD"; }; f'
        return ("credential.helper=", f"credential.helper={helper}")

    def environment(self) -> dict[str, str]:
        return {"TREADLE_GIT_USER": self.username, "TREADLE_GIT_PASSWORD": self.password}
