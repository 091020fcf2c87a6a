"""Writes a text to a file, whole or not at all, and only if it differs."""

import hashlib
import json
import pathlib
import re
import shutil
import tempfile
import xml.parsers.expat


def parameter(name):
    return get_octopusvariable("RenderAFile." + name)


def refuse(name, value, expected):
    failstep(f'RenderAFile.{name} is "{value}": expected {expected}')


def rendered():
    """The bytes that the file shall hold."""
    text = parameter("Content")
    ends = parameter("LineEnds") or "keep"
    if ends not in ("keep", "lf", "crlf"):
        refuse("LineEnds", ends, "keep, lf or crlf")
    if ends != "keep":
        text = text.replace("\r\n", "\n")
    return (text.replace("\n", "\r\n") if ends == "crlf" else text).encode()


def check(content):
    kind = parameter("Format") or "text"
    try:
        if kind == "json":
            json.loads(content)
        elif kind == "xml":
            xml.parsers.expat.ParserCreate().Parse(content, True)
        elif kind != "text":
            refuse("Format", kind, "text, json or xml")
    except (ValueError, xml.parsers.expat.ExpatError) as error:
        failstep(f"The content is not {kind.upper()}: {error}")


def mode_of(path):
    mode = parameter("Mode").strip()
    if mode and not re.fullmatch(r"[0-7]{3,4}", mode):
        refuse("Mode", mode, "octal digits such as 644")
    if mode:
        return int(mode, 8)
    return path.stat().st_mode & 0o7777 if path.exists() else 0o644


def write(path, content, mode):
    """Beside the file first, so that readers see the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="." + path.name, delete=False) as file:
        temporary = pathlib.Path(file.name)
        file.write(content)
    try:
        temporary.chmod(mode)
        if path.exists() and parameter("KeepBackup").strip().lower() == "true":
            shutil.copy2(path, path.with_name(path.name + ".bak"))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


target = parameter("Path").strip()
if not target:
    refuse("Path", target, "the path of a file")
path = pathlib.Path(target).absolute()
if path.is_dir():
    refuse("Path", target, "a file, and this is a folder")
content = rendered()
check(content)

try:
    mode = mode_of(path)
    same = path.is_file() and path.read_bytes() == content and path.stat().st_mode & 0o7777 == mode
    if not same:
        write(path, content, mode)
except OSError as error:
    failstep(f"{path} cannot be written: {error.strerror}")

print(f"{path} {'is as it should be' if same else 'written'} ({len(content)} bytes)")
set_octopusvariable("Path", str(path))
set_octopusvariable("Changed", str(not same))
set_octopusvariable("Sha256", hashlib.sha256(content).hexdigest())
