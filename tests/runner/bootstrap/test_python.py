"""What Python scripts may rely on beyond the conformance cases, and what they must never see."""

from __future__ import annotations

from hashlib import sha1

import pytest

from tests.runner.bootstrap.conftest import Run

pytestmark = pytest.mark.docker

SECRET = "t0psecret-value"


def test_variables_hold_any_text(python: Run) -> None:
    texts = ["", "a\0b", "\r\n \r \n", "😀" * 1000, "\x85\u2028\ufeff", "1 2\n3", "x" * 2_000_000]
    variables = {f"V{number}": text for number, text in enumerate(texts)} | {"a\n\0b": "name"}
    body = "import hashlib\nfor pair in octopusvariables.items(): print(hashlib.sha1(repr(pair).encode()).hexdigest())"
    ran = python(body, variables=variables)
    assert ran.lines == [sha1(repr(pair).encode()).hexdigest() for pair in variables.items()]


def test_a_traceback_shows_the_script_alone(python: Run) -> None:
    ran = python("def f():\n    raise ValueError('bad')\ntry:\n    1/0\nexcept ZeroDivisionError:\n    f()\n")
    assert ran.exit_code == 1
    assert "/run/treadle" not in ran.stderr
    assert ran.stderr.splitlines()[0] == "Traceback (most recent call last):"
    assert 'File "/treadle/work/Script.py", line 6, in <module>' in ran.stderr
    assert ran.stderr.endswith("ValueError: bad\n")


@pytest.mark.parametrize(
    ("body", "stderr"),
    [
        ("print('unclosed'", "'(' was never closed"),
        ("class Quiet(BaseException): pass\nraise Quiet('hush')", "Quiet: hush"),
        ("raise SystemExit('bye')", "bye"),
        ("import sys\nsys.excepthook = lambda *e: sys.stderr.write('hooked')\n1/0", "hooked"),
        ("import atexit\natexit.register(lambda: print('last', file=sys.stderr))\n1/0", "last"),
    ],
)
def test_failures_are_told(body: str, stderr: str, python: Run) -> None:
    ran = python(body)
    assert stderr in ran.stderr
    assert "/run/treadle" not in ran.stderr
    assert ran.exit_code == 1


def test_exceptions_are_left_for_a_post_mortem(python: Run) -> None:
    body = "import atexit\natexit.register(lambda: print(sys.last_type, sys.last_value))\nraise KeyError('k')"
    assert python(body).lines == ["<class 'KeyError'> 'k'"]


def test_signals_and_main_are_pythons_own(python: Run) -> None:
    body = """
import signal, __main__
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGTERM).name)
print(__name__, __file__, sys.argv, __spec__, __loader__ is None, sys.modules['__main__'] is __main__)
print(sorted(name for name in vars(__main__) if name.startswith(('pack', 'run', 'main_', 'show', '_send', 'SCRIPT'))))
"""
    assert python(body).lines == [
        "True SIG_DFL",
        "__main__ /treadle/work/Script.py ['/treadle/work/Script.py'] None True True",
        "[]",
    ]


def test_no_value_is_to_be_seen(python: Run) -> None:
    body = """
import glob
for name in glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ'):
    assert 't0p' + 'secret' not in open(name, errors='replace').read(), name
assert not [value for value in os.environ.values() if 't0p' + 'secret' in value]
print('safe', sys.argv[1] == get_octopusvariable('V'))
"""
    assert python(body, variables={"V": SECRET}, parameters=SECRET).lines == ["safe True"]


def test_a_module_is_there_to_import_and_leaves_no_copy(python: Run) -> None:
    variables = {
        "Octopus.Script.Module[My Tools]": "def tool():\r\n    return 'tool'\r\n",
        "Octopus.Script.Module.Language[My Tools]": "Python",
    }
    ran = python("import MyTools; print(MyTools.tool(), sorted(os.listdir('.')))", variables=variables)
    assert ran.lines == ["tool ['MyTools.py', 'Script.py']"]


def test_what_threads_send_stays_whole(python: Run) -> None:
    body = """
import threading
def send(n):
    for i in range(200): printwarning('w' * n)
threads = [threading.Thread(target=send, args=(n,)) for n in (10, 2000)]
for t in threads: t.start()
for t in threads: t.join()
"""
    lines = python(body).lines
    assert lines[0::3] == ["##octopus[stdout-warning]"] * 400
    assert set(lines[1::3]) == {"w" * 10, "w" * 2000}


def test_objects_become_text(python: Run) -> None:
    body = """
import pathlib
set_octopusvariable(pathlib.Path('n'), None); updateprogress(1.5); failstep(ValueError('x'))
"""
    assert python(body).lines == [
        "##octopus[setVariable name='bg==' value='Tm9uZQ==']",
        "##octopus[progress percentage='MS41' message='']",
        "##octopus[resultMessage message='eA==']",
    ]


def test_the_environment_is_told_at_verbose_level(python: Run) -> None:
    told = python("print('hi')", log_environment=True).lines
    assert told[0] == "##octopus[stdout-verbose]"
    assert told[-2:] == ["##octopus[stdout-default]", "hi"]
