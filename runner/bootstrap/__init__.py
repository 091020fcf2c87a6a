"""What a script finds in its container: the helpers, its variables, its working directory.

`build_payload` turns a `ScriptRequest` into the files that a waiting container is given. The folders `bash`,
`powershell`, `python` and `sh` each hold one language's bootstrap: scripts that run in the container, and the module
beside them that writes what they need. What users may rely on is in docs/script-contract.md.
"""

from runner.bootstrap.assembly import build_payload, started_ahead, stop_signal
from runner.bootstrap.request import ScriptRequest, Syntax

__all__ = ["ScriptRequest", "Syntax", "build_payload", "started_ahead", "stop_signal"]
