"""What a bootstrap costs: CPU of the container until the script's first line, and for reading a variable.

    .venv/bin/python -m bench.bootstrap

The container's own accounting counts, from its start to the moment the script asks: the engine's work outside
is not in it, the unpacking of the payload is. Medians; every figure stands beside bare Bash in the same run.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Iterable

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.base import HOME_LABEL, RUN_LABEL, ContainerSpec, Stream
from runner.engine.docker import DockerEngine
from runner.engine.payload import START_FILE, Payload, PayloadFile
from runner.engine.worker_image import worker_reference

ROUNDS = 9
READS = 500

ASK = r"""
if [ -r /sys/fs/cgroup/cpu.stat ]; then
    while read -r key value; do [ "$key" != usage_usec ] || echo "cpu $((value * 1000))"; done </sys/fs/cgroup/cpu.stat
else
    read -r value </sys/fs/cgroup/cpuacct/cpuacct.usage; echo "cpu $value"
fi
"""
ASK_PYTHON = r"""
try:
    print('cpu', int(open('/sys/fs/cgroup/cpu.stat').read().split()[1]) * 1000)
except FileNotFoundError:
    print('cpu', open('/sys/fs/cgroup/cpuacct/cpuacct.usage').read())
"""
READ = f'{ASK}\nfor ((i = 0; i < {READS}; i++)); do get_octopusvariable "Project.Setting.$i"; done >/dev/null\n{ASK}'


def variables(number: int) -> dict[str, str | None]:
    return {f"Project.Setting.{n}": f"value {n} of the settings" for n in range(number)}


def bare(command: str, ask: str) -> Payload:
    """Bare interpreters: the start file becomes them at once."""
    return Payload(
        (PayloadFile(f"{START_FILE}.ask", ask.encode()), PayloadFile(START_FILE, command.encode()))
    )


def script(syntax: Syntax, body: str, number: int) -> Payload:
    return build_payload(ScriptRequest(syntax, body, variables(number), log_environment=False))


CASES: dict[str, Payload] = {
    "bare bash": bare(f"exec bash {START_FILE}.ask", ASK),
    "bash, no variables": script(Syntax.BASH, ASK, 0),
    "bash, 1,000 variables": script(Syntax.BASH, ASK, 1000),
    "bash, 1,000 in the array": script(Syntax.BASH, f"{ASK}# octopus_parameters", 1000),
    "bare python": bare(f"exec python3 -u {START_FILE}.ask", ASK_PYTHON),
    "python, no variables": script(Syntax.PYTHON, ASK_PYTHON, 0),
    "python, 1,000 variables": script(Syntax.PYTHON, ASK_PYTHON, 1000),
    "sh, 1,000 variables": script(Syntax.SH, ASK, 1000),
    "reading": script(Syntax.BASH, READ, 1000),
}


def milliseconds(engine: DockerEngine, payload: Payload) -> list[float]:
    """The container's CPU each time the script asked."""
    labels = {HOME_LABEL: f"bench-{uuid.uuid4()}", RUN_LABEL: "bench"}
    container = engine.prepare(ContainerSpec(worker_reference(), labels, network="none"))
    try:
        container.deliver(payload)
        output = b"".join(chunk for stream, chunk in container.output() if stream is Stream.STDOUT)
        container.wait()
    finally:
        container.remove()
    return [int(line.split()[1]) / 1e6 for line in output.splitlines() if line.startswith(b"cpu ")]


def measure(engine: DockerEngine, names: Iterable[str]) -> dict[str, list[list[float]]]:
    """Round by round, so that a busy moment of the machine meets all of them alike."""
    figures: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in figures:
            figures[name].append(milliseconds(engine, CASES[name]))
    return figures


def main() -> None:
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        figures = measure(engine, CASES)
    ready = {name: statistics.median(run[0] for run in runs) for name, runs in figures.items()}
    for name, value in ready.items():
        if name == "reading":
            continue
        base = ready["bare python" if "python" in name else "bare bash"]
        print(
            f"{name:26} ready after {value:6.2f} ms CPU   {value - base:+6.2f} ms   {value / base:5.2f} x bare"
        )
    reads = statistics.median((after - before) / READS for before, after in figures["reading"])
    print(f"{'bash, reading a variable':26} {reads:.3f} ms")


if __name__ == "__main__":
    main()
