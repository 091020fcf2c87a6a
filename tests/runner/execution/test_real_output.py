"""What real containers print and leave behind, through pump, artifacts and journal."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.engine.base import Container
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from runner.execution import events
from runner.execution.artifacts import ArtifactStore
from runner.execution.container_files import ArtifactMissing, ArtifactRefused, ContainerFiles
from runner.execution.pump import OutputPump, PumpSummary
from runner.execution.service_messages import ServiceMessage
from runner.masking.masker import Masker
from runner.model import Level
from runner.runs.journal import Journal, read
from tests.support.containers import ContainerStock
from tests.support.engine import Program

pytestmark = pytest.mark.docker


@pytest.fixture
def container() -> Iterator[Container]:
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        with ContainerStock(engine, worker_reference(), ahead=1) as stock, stock.lend() as container:
            yield container


class ToJournal:
    """A sink that records lines."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def log(self, level: Level, lines: list[str]) -> None:
        self._journal.append(events.log("a", level, lines))

    def message(self, message: ServiceMessage) -> None:
        raise AssertionError(f"nobody sent {message.name}")


def run(container: Container, script: str, journal: Journal, masker: Masker | None = None) -> PumpSummary:
    pump = OutputPump(masker or Masker(), ToJournal(journal))
    container.deliver(Program(script).payload)
    for stream, chunk in container.output():
        pump.feed(stream, chunk)
    assert container.wait().code == 0
    return pump.close()


def test_no_line_is_lost(container: Container, tmp_path: Path) -> None:
    script = "seq -f 'line %09.0f of a log with lines of a hundred characters, line end included, as they are' 200000"
    with Journal.create(tmp_path, "p", None, "p", plan={}) as journal:
        summary = run(container, script, journal)
        number = 0
        for event in read(journal.folder):
            for line in event["lines"]:
                number += 1
                assert line.startswith(f"line {number:09} of")
    assert number == summary.lines == 200_000


def test_secrets_are_hidden_however_they_are_printed(container: Container, tmp_path: Path) -> None:
    masker = Masker()
    masker.add("hunter2hunter2")
    masker.add("first line\nsecond line")
    script = """
        printf hunter2; sleep 0.2; printf 'hunter2\\r'; sleep 0.2; printf '\\nfirst line\\r\\n'; sleep 0.2
        echo 'second line.'; printf %s hunter2hunter2 | base64; printf 'user:hunter2hunter2' | base64 >&2
        printf 'first line'
    """
    with Journal.create(tmp_path, "p", None, "p", plan={}) as journal:
        run(container, script, journal, masker)
        shown = [
            line for event in read(journal.folder) for line in event["lines"] if event["level"] == "info"
        ]
        assert shown[:3] == ["********", "********", "********."]
        assert shown[-1] == "********"
        text = (journal.folder / "events.jsonl").read_text()
    for secret in ("hunter2", "aHVudGVy", "second line", "dW50ZXIy", "1bnRlcj"):
        assert secret not in text


def test_artifacts_of_a_container(container: Container, tmp_path: Path) -> None:
    script = """
        mkdir -p logs/deep; echo one > logs/one.txt; echo two > logs/deep/two.txt; ln -s /etc/passwd logs/link
        ln logs/one.txt logs/hard; mkfifo logs/pipe; chmod 4755 logs/one.txt
        echo hello > 'a file'; ln -s 'a file' current; ln -s nowhere broken; truncate -s 100G huge
    """
    with Journal.create(tmp_path, "p", None, "p", plan={}) as journal:
        run(container, script, journal)
    store, files = ArtifactStore(tmp_path), ContainerFiles(container.fetch)
    for path in ("/treadle/work/a file", "a file", "current"):
        artifact = store.collect(files, path, "greeting.txt", "a")
        assert (tmp_path / artifact.path).read_text() == "hello\n"
    folder = store.collect(files, "logs", "logs", "a")
    with gzip.open(tmp_path / folder.path) as packed, tarfile.open(fileobj=packed) as tar:
        names = {member.name.rstrip("/"): member.mode for member in tar}
    assert {"logs", "logs/deep", "logs/deep/two.txt"} < set(names)
    assert all(mode & 0o7000 == 0 for mode in names.values())
    assert {reason.split(": ")[0] for reason in folder.left_out} >= {"logs/link", "logs/pipe"}
    with pytest.raises(ArtifactRefused, match=r"at least 107,374,182,400 bytes"):
        store.collect(files, "huge", "huge", "a")
    for path in ("missing", "broken", "/nowhere/at/all"):
        with pytest.raises(ArtifactMissing):
            store.collect(files, path, "x", "a")
    with pytest.raises(ArtifactRefused, match="may not read"):
        store.collect(files, "/etc/shadow", "x", "a")
    assert store.collect(files, "/etc/hostname", "x", "a").size
