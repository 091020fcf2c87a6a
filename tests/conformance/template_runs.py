"""Recorded runs of whole templates: how one is run, and compared with what was recorded.

`parameters`, `variables`, `files` (`path`, `text`, `mode`, `age_days`), `path` (the search path), `mock` and `hosts`
(see `mock_service`); `expect` tells exit code, files, requests, outputs, artifacts and log. `{{work}}` is the working
directory, `{{mock}}` the address of the service.
"""

from __future__ import annotations

import base64
import fnmatch
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.base import Container
from runner.engine.payload import WORK_DIR
from runner.execution.pump import OutputPump
from runner.execution.service_messages import ArtifactRequest, OutputVariable, ServiceMessage
from runner.masking.masker import Masker
from runner.model import Level
from runner.octostache import Variables
from tests.conformance.mock_service import MockService, Seen

Run = Mapping[str, Any]
HOME = "/treadle/home"
_BODY = "Octopus.Action.Script.ScriptBody"


@dataclass
class Heard:
    """What a run printed and sent."""

    lines: list[tuple[Level, str]] = field(default_factory=list)
    outputs: dict[str, OutputVariable] = field(default_factory=dict)
    artifacts: list[ArtifactRequest] = field(default_factory=list)
    exit_code: int = -1

    def log(self, level: Level, lines: list[str]) -> None:
        self.lines += [(level, line) for line in lines]

    def message(self, message: ServiceMessage) -> None:
        if output := OutputVariable.of(message):
            self.outputs[output.name] = output
        if artifact := ArtifactRequest.of(message):
            self.artifacts.append(artifact)


@dataclass
class TemplateRun:
    """One run of `template`, a document of Octopus; `system` are the variables that every run has."""

    run: Run
    template: Mapping[str, Any]
    system: Mapping[str, str]
    service: MockService | None
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def __post_init__(self) -> None:
        self._values = {"{{work}}": WORK_DIR, **self._secrets()}
        if self.service is not None:
            self._values |= {
                "{{mock}}": f"http://{self.service.address}",
                "{{mockhost}}": self.service.address,
            }
        parameters = self.template.get("Parameters") or ()
        defaults = {one["Name"]: one.get("DefaultValue") or None for one in parameters}
        given = {**self.run.get("variables", {}), **defaults, **self.run.get("parameters", {})}
        variables = {**self.system, **{name: value for name, value in given.items() if value is not None}}
        self.variables = {
            name: self.filled(value) for name, value in variables.items() if isinstance(value, str)
        }

    def filled(self, text: str) -> str:
        """`text` with what stands for the placeholders of the record."""
        for name, value in self._values.items():
            if name in text:
                text = text.replace(name, value)
        return text

    def request(self) -> ScriptRequest:
        scope = Variables(self.variables)
        body = scope.evaluate(self.template["Properties"][_BODY], halt_on_error=False).text or ""
        files = {one["path"]: self.filled(one["text"]).encode() for one in self.run.get("files", ())}
        environment = {"TZ": "UTC"}
        if "path" in self.run:
            environment["PATH"] = self.filled(self.run["path"])
        if self.run.get("hosts") and self.service is not None:
            environment |= {"HTTPS_PROXY": f"http://{self.service.address}"}
        ages = "; ".join(
            f"touch -d '{one.get('age_days', 0)} days ago' '{one['path']}'"
            for one in self.run.get("files", ())
        )
        return ScriptRequest(
            Syntax.POWERSHELL,
            body,
            {
                **{name: scope.get(name) for name in self.variables},
                "Octopus.Script.Module[Ages]": f'bash -c "{ages}"; $global:LASTEXITCODE = 0' if ages else "",
            },
            files=files,
            programs=frozenset(one["path"] for one in self.run.get("files", ()) if "mode" in one),
            environment=environment,
            ca=self.service.ca if self.service is not None and self.run.get("hosts") else None,
            log_environment=False,
        )

    def execute(self, container: Container) -> Heard:
        heard = Heard()
        container.deliver(build_payload(self.request()))
        pump = OutputPump(Masker(), heard)
        for stream, chunk in container.output():
            pump.feed(stream, chunk)
        pump.close()
        heard.exit_code = container.wait(60).code
        return heard

    def differences(self, heard: Heard, container: Container) -> Iterator[str]:
        """Where the run is not as it was recorded."""
        expect = self.run["expect"]
        if heard.exit_code != expect["exit"]:
            yield f"exit code {heard.exit_code}, expected {expect['exit']}: {heard.lines}"
            return
        for name, wanted in expect.get("files", {}).items():
            yield from self._file_differs(name, wanted, _fetched(container, f"{WORK_DIR}/{name.rstrip('/')}"))
        originals = {one["path"]: one["text"] for one in self.run.get("files", ())}
        for name in expect.get("files_unchanged", ()):
            yield from self._file_differs(
                name, {"text": originals[name]}, _fetched(container, f"{WORK_DIR}/{name}")
            )
        for pattern in expect.get("home_files", ()):
            names = _names(container, f"{HOME}/{pattern.partition('/')[0]}")
            if not fnmatch.filter(names, pattern):
                yield f"no {pattern} among {names}"
        yield from self._requests_differ(expect.get("requests", []))
        for name, wanted in expect.get("outputs", {}).items():
            yield from self._output_differs(name, wanted, heard)
        for wanted in expect.get("artifacts", ()):
            found = [(one.path, one.name) for one in heard.artifacts]
            if (self.filled(wanted["path"]), wanted["name"]) not in found:
                yield f"artifacts: {found}, expected {wanted}"
        for level, number in expect.get("log_levels", {}).items():
            if sum(str(one) == level for one, _ in heard.lines) < number:
                yield f"fewer than {number} lines of level {level}: {heard.lines}"
        said = "\n".join(line for _, line in heard.lines)
        yield from (
            f"not in the log: {text}; {said}" for text in expect.get("log_contains", ()) if text not in said
        )

    def _secrets(self) -> dict[str, str]:
        used = json.dumps(self.run)
        found: dict[str, str] = {}
        for name, form in (
            ("{{rsa_pkcs8_pem}}", serialization.PrivateFormat.PKCS8),
            ("{{rsa_pkcs1_pem}}", serialization.PrivateFormat.TraditionalOpenSSL),
        ):
            if name in used:
                pem = self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
                found[name] = pem.decode()
        if "{{pfx_base64}}" in used:
            password = serialization.BestAvailableEncryption(b"pw")
            pfx = pkcs12.serialize_key_and_certificates(
                b"x", self.key, _self_signed(self.key), None, password
            )
            found["{{pfx_base64}}"] = base64.b64encode(pfx).decode()
        return found

    def _file_differs(self, name: str, wanted: Mapping[str, Any], content: bytes | None) -> Iterator[str]:
        if wanted.get("absent"):
            if content is not None:
                yield f"{name} is there"
            return
        if content is None:
            yield f"{name} is not there"
        elif "text" in wanted and content.decode("utf-8-sig") != self.filled(wanted["text"]):
            yield f"{name}: {content!r}, expected {wanted['text']!r}"
        elif "json" in wanted and json.loads(content.decode("utf-8-sig")) != wanted["json"]:
            yield f"{name}: {content!r}, expected {wanted['json']!r}"
        elif "xml" in wanted and _canonical(content.decode("utf-8-sig")) != _canonical(wanted["xml"]):
            yield f"{name}: {content!r}, expected {wanted['xml']!r}"

    def _requests_differ(self, wanted: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        seen = self.service.seen if self.service is not None else []
        if len(seen) != len(wanted):
            yield f"requests: {seen}, expected {wanted}"
            return
        for found, one in zip(seen, wanted, strict=True):
            if not self._same_request(found, one):
                yield f"request: {found}, expected {one}"

    def _same_request(self, found: Seen, wanted: Mapping[str, Any]) -> bool:
        headers = {name.lower(): value for name, value in found.headers.items()}
        return (
            (found.method, found.path, found.host)
            == (wanted["method"], wanted["path"], wanted.get("host", ""))
            and all(headers.get(name.lower()) == value for name, value in wanted.get("headers", {}).items())
            and ("json" not in wanted or _alike(json.loads(found.body), wanted["json"]))
            and ("form" not in wanted or _alike(dict(parse_qsl(found.body)), wanted["form"]))
            and ("text" not in wanted or found.body == wanted["text"])
        )

    def _output_differs(self, name: str, wanted: Mapping[str, Any], heard: Heard) -> Iterator[str]:
        output = heard.outputs.get(name)
        if output is None:
            yield f"no output {name} among {list(heard.outputs)}"
            return
        if output.sensitive != wanted.get("sensitive", False):
            yield f"output {name} is sensitive: {output.sensitive}"
        if "value" in wanted and output.value != wanted["value"]:
            yield f"output {name}: {output.value!r}, expected {wanted['value']!r}"
        if "json" in wanted and not _alike(json.loads(output.value), wanted["json"]):
            yield f"output {name}: {output.value!r}, expected {wanted['json']!r}"
        if "evaluated" in wanted:
            later = {f"Octopus.Action[Run it].Output.{one}": o.value for one, o in heard.outputs.items()}
            text = Variables({**self.variables, **later}).evaluate(output.value).text
            if text != wanted["evaluated"]:
                yield f"output {name}: {output.value!r} is {text!r}, expected {wanted['evaluated']!r}"
        if "jwt" in wanted:
            yield from self._token_differs(output.value, wanted["jwt"])

    def _token_differs(self, token: str, wanted: Mapping[str, Any]) -> Iterator[str]:
        head, body, signature = token.split(".")
        header, claims = (json.loads(_unbase64(part)) for part in (head, body))
        if header != wanted["header"] or any(claims.get(n) != v for n, v in wanted["claims"].items()):
            yield f"token: {header} {claims}, expected {wanted}"
        if claims["exp"] - claims["iat"] != wanted["lifetime_seconds"]:
            yield f"token: {claims}, expected a life of {wanted['lifetime_seconds']} s"
        digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[header["alg"][2:]]
        self.key.public_key().verify(
            _unbase64(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), digest
        )


def _alike(found: Any, wanted: Any) -> bool:
    """Equal, but for what is "*" in the record."""
    if wanted == "*":
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        return found.keys() == wanted.keys() and all(_alike(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(_alike, found, wanted))
    return bool(found == wanted)


def _canonical(text: str) -> str:
    return ElementTree.canonicalize(text, strip_text=True)


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _tar(container: Container, path: str) -> tarfile.TarFile | None:
    try:
        return tarfile.open(fileobj=io.BytesIO(b"".join(container.fetch(path))))
    except FileNotFoundError:
        return None


def _fetched(container: Container, path: str) -> bytes | None:
    """A file's content, nothing for a folder; None where there is neither."""
    tar = _tar(container, path)
    if tar is None:
        return None
    entry = tar.next()
    file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
    return b"" if file is None else file.read()


def _names(container: Container, path: str) -> list[str]:
    tar = _tar(container, path)
    return [] if tar is None else tar.getnames()


def _self_signed(key: rsa.RSAPrivateKey) -> Any:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
