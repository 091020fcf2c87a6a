"""Runs a Python script with the helpers that Octopus Deploy's scripts call.

This file runs in the container, with whatever Python from 3.6 on is there. The script runs as `__main__`,
in a namespace of its own into which the helpers are put; they look nothing up there themselves, so that a
script may rebind any name.
"""

import base64
import binascii
import os
import signal
import site
import sys
import types

PRIVATE_DIR = "/run/treadle"
WORK_DIR = "/treadle/work"
SCRIPT = WORK_DIR + "/Script.py"


def unpack(name: str) -> "list[str]":
    """The texts of a private file: a line of their lengths, then the texts, with nothing between them."""
    with open(PRIVATE_DIR + "/" + name, encoding="utf-8", newline="") as file:
        lengths, _, text = file.read().partition("\n")
    texts = []
    start = 0
    for length in map(int, lengths.split()):
        texts.append(text[start : start + length])
        start += length
    return texts


def pairs(texts: "list[str]") -> "dict[str, str]":
    """A dictionary of texts that are names and values in turn."""
    rest = iter(texts)
    return dict(zip(rest, rest))  # noqa: B905 - `strict` is younger than 3.6


octopusvariables = pairs(unpack("variables"))


def encode(value: str) -> str:
    return base64.b64encode(value.encode("utf-8")).decode("utf-8")


def decode(value: str) -> str:
    return base64.b64decode(value).decode("utf-8")


def _write(text: str) -> None:
    # One write a line, or a message, so that threads don't mix theirs. As `print`, it follows `sys.stdout`.
    print(text + "\n", end="")


def _send(message_name: str, **attributes: object) -> None:
    parts = ["{}='{}'".format(key, encode(str(value))) for key, value in attributes.items()]
    _write("##octopus[{}]".format(" ".join([message_name, *parts])))


def _write_at(level: str, message: object) -> None:
    _write("##octopus[stdout-{}]\n{}\n##octopus[stdout-default]".format(level, message))


def get_octopusvariable(key: str) -> str:
    return octopusvariables.get(key, "")


def set_octopusvariable(name: object, value: object, sensitive: object = False) -> None:
    name, value = str(name), str(value)
    octopusvariables[name] = value
    if sensitive:
        _send("setVariable", name=name, value=value, sensitive="True")
    else:
        _send("setVariable", name=name, value=value)


def createartifact(path: "str | os.PathLike[str]", fileName: object = None) -> None:
    absolute = os.path.abspath(os.fsdecode(path))
    name = os.path.basename(os.fsdecode(path)) if fileName is None else fileName
    length = os.path.getsize(absolute) if os.path.isfile(absolute) else 0
    _write_at(
        "verbose", "Artifact {} will be collected from {} after this step completes".format(name, absolute)
    )
    _send("createArtifact", path=absolute, name=name, length=length)


def updateprogress(progress: object, message: object = None) -> None:
    _send("progress", percentage=progress, message="" if message is None else message)


def failstep(message: object = None) -> None:
    if message is not None:
        _send("resultMessage", message=message)
    sys.exit(-1)


def printverbose(message: object) -> None:
    _write_at("verbose", message)


def printhighlight(message: object) -> None:
    _write_at("highlight", message)


def printwait(message: object) -> None:
    _write_at("wait", message)


def printwarning(message: object) -> None:
    _write_at("warning", message)


def main_module() -> types.ModuleType:
    """An empty `__main__`, with the names that scripts find without importing or defining them."""
    module = types.ModuleType("__main__")
    vars(module).update(
        __file__=SCRIPT,
        __builtins__=__builtins__,
        __cached__=None,
        __package__="",
        base64=base64,
        binascii=binascii,
        os=os,
        sys=sys,
        octopusvariables=octopusvariables,
        **{
            helper.__name__: helper
            for helper in (
                get_octopusvariable,
                set_octopusvariable,
                createartifact,
                updateprogress,
                failstep,
                printverbose,
                printhighlight,
                printwait,
                printwarning,
                encode,
                decode,
            )
        },
    )
    return module


def log_environment() -> None:
    _write_at(
        "verbose",
        "Python environment:\n  Python: {}\n  Executable: {}\n  Platform: {}\n  User: uid {}\n  Host: {}\n"
        "  Working directory: {}".format(
            sys.version.split()[0], sys.executable, sys.platform, os.geteuid(), os.uname()[1], os.getcwd()
        ),
    )


def open_user_site() -> None:
    """Let the script import what it installs with pip while it runs.

    Python looks into the user's folder of packages only if that is there when it starts:
    https://docs.python.org/3/library/site.html#site.USER_SITE
    """
    folder = site.getusersitepackages()
    if not site.ENABLE_USER_SITE or folder in sys.path or not os.path.isabs(folder):
        return
    before = len(sys.path)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return
    site.addsitedir(folder)
    # Where Python itself would have put it: before the packages of the system.
    added = sys.path[before:]
    del sys.path[before:]
    system = [sys.path.index(path) for path in site.getsitepackages() if path in sys.path]
    place = min(system) if system else before
    sys.path[place:place] = added


def run() -> None:
    """Run the script. What it raises is told as if it had been started by itself: no frames of this file."""
    main = sys.modules["__main__"] = main_module()
    sys.argv = [SCRIPT, *unpack("arguments")]
    sys.path[0] = WORK_DIR
    open_user_site()
    # Compiled modules would stay in the working directory, with the secrets that a library module may hold.
    sys.dont_write_bytecode = True
    try:
        with open(SCRIPT, "rb") as file:
            code = compile(file.read(), SCRIPT, "exec", dont_inherit=True)
        exec(code, vars(main))
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        show(error)
        sys.exit(1)


def show(error: BaseException) -> None:
    trace = error.__traceback__
    error.__traceback__ = trace and trace.tb_next
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    sys.excepthook(type(error), error, error.__traceback__)


if __name__ == "__main__":
    # Whoever started us in the background had these two ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if unpack("flags"):
        log_environment()
    run()
