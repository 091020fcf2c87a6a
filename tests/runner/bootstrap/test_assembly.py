from __future__ import annotations

import pytest

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.payload import PRIVATE_DIR, START_FILE, WORK_DIR, Payload, PayloadFile

SECRET = "t0psecret-value"


def files_of(payload: Payload) -> dict[str, PayloadFile]:
    return {file.path: file for file in payload.files}


@pytest.mark.parametrize("syntax", Syntax)
def test_secrets_lie_in_the_private_folder_only(syntax: Syntax) -> None:
    request = ScriptRequest(
        syntax,
        f"echo {SECRET}",
        {"V": SECRET, "Octopus.Script.Module[M]": SECRET, "Octopus.Script.Module.Language[M]": syntax},
        parameters=SECRET,
        files={"data.txt": b"harmless"},
        environment={"TOKEN": SECRET},
    )
    for file in build_payload(request).files:
        if file.path.startswith(WORK_DIR):
            assert file.path == f"{WORK_DIR}/data.txt"
            assert file.content == b"harmless"
        else:
            assert file.path.startswith(f"{PRIVATE_DIR}/")
            assert file.mode & 0o077 == 0


@pytest.mark.parametrize("syntax", Syntax)
def test_a_payload_has_a_start_file_and_no_path_twice(syntax: Syntax) -> None:
    payload = build_payload(ScriptRequest(syntax, "", {f"V{n}": "v" for n in range(1000)}))
    assert START_FILE in files_of(payload)
    assert len(files_of(payload)) == len(payload.files)
    assert len(payload.files) < 100


def test_work_files_bring_their_folders_readable_for_all() -> None:
    names = {"b/c.txt": b"1", "b/d/e.txt": b"2", "empty/": b"", "a.txt": b"3"}
    payload = build_payload(ScriptRequest(Syntax.SH, "", files=names))
    found = [(file.path, file.mode) for file in payload.files if file.path.startswith(WORK_DIR)]
    assert found == [
        (f"{WORK_DIR}/b/", 0o755),
        (f"{WORK_DIR}/b/c.txt", 0o644),
        (f"{WORK_DIR}/b/d/", 0o755),
        (f"{WORK_DIR}/b/d/e.txt", 0o644),
        (f"{WORK_DIR}/empty/", 0o755),
        (f"{WORK_DIR}/a.txt", 0o644),
    ]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ""])
def test_a_work_file_stays_below_the_working_directory(name: str) -> None:
    with pytest.raises(ValueError, match="is not a path below the working directory"):
        build_payload(ScriptRequest(Syntax.BASH, "", files={name: b""}))


@pytest.mark.parametrize("name", ["A B", "1A", "", "A=B", "X;id"])
def test_an_environment_name_must_be_one(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name for an environment variable"):
        build_payload(ScriptRequest(Syntax.BASH, "", environment={name: "x"}))


@pytest.mark.parametrize("syntax", [Syntax.BASH, Syntax.PYTHON])
def test_bodies_lose_their_mark_and_carriage_returns(syntax: Syntax) -> None:
    payload = build_payload(ScriptRequest(syntax, "\ufeffone\r\ntwo\rthree\r\n"))
    script = next(file for path, file in files_of(payload).items() if "/Script." in path)
    assert script.content == b"one\ntwo\rthree\n"
