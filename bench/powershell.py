"""What a PowerShell step costs: `python -m bench.powershell`. Needs a Docker engine and the image with PowerShell.

Ten steps through `treadle run`, start-up included, against a shell loop of ten `docker run IMAGE pwsh -File` with the
same isolation, over an image in which PowerShell never ran before; and the latency of an action, from ready to result.
"""

from __future__ import annotations

import shlex
import statistics
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from bench.rounds import alternate, run, table
from bench.steps import docker_run, latencies, project, treadle_run
from registry.errors import UserError
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import POWERSHELL

STEPS = 10
SCRIPT = 'Write-Host "hello"'


@contextmanager
def cold_image() -> Iterator[str]:
    """The image with PowerShell as if it had never run there, and with the script."""
    prepare = f"rm -rf ~/.cache ~/.local && echo {shlex.quote(SCRIPT)} >~/script.ps1"
    name = f"treadle/bench-{uuid.uuid4().hex[:8]}"
    made = subprocess.run(
        ["docker", "run", "--detach", POWERSHELL.reference, "sh", "-c", prepare],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    try:
        run(["docker", "wait", made])
        run(["docker", "commit", made, name])
        yield name
    finally:
        run(["docker", "rm", made])
        run(["docker", "rmi", name])


def main() -> None:
    steps = [{"name": f"step {n}", "shell": "powershell", "run": SCRIPT} for n in range(STEPS)]
    found: list[float] = []
    try:
        with DockerEngine() as engine:
            engine.ensure_image(POWERSHELL.reference)
    except UserError as error:
        print(f"left out: {error.message}. {error.hint or ''}")
        return
    with cold_image() as image, project(steps) as folder:
        once = docker_run(f"{image} pwsh -NoProfile -NonInteractive -File /treadle/home/script.ps1")

        def ours() -> None:
            found.extend(latencies(treadle_run(folder)))

        loop_name, name = f"loop of {STEPS} docker run", f"treadle run, {STEPS} steps"
        loop = f"set -e; for step in $(seq {STEPS}); do {once}; done"
        ways = {loop_name: lambda: run(["bash", "-c", loop]), name: ours}
        print(table(alternate(ways), loop_name))
    print(f"an action, from ready to result: median {statistics.median(found) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
