from __future__ import annotations

import json
import string
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.model import Parameter
from runner.model import MASK
from runner.planner.plan_json import plan_to_json
from tests.support.plans import Desk, only, template, value_of

TEXTS = st.text(string.ascii_letters + string.digits + " -_/", min_size=12, max_size=30)
FORMS = ["#{S}", "<#{S}>", "#{S | ToUpper}", "#{S | ToBase64}", "#{S}#{S}", "#{if S}#{S}#{/if}", "#{A}"]


def steps(*forms: str) -> list[dict[str, Any]]:
    used = [
        {"name": f"Use {n}", "uses": "t/tool", "with": {"P": form, "Key": form}}
        for n, form in enumerate(forms)
    ]
    inline = [{"name": f"Run {n}", "run": f"echo '{form}'"} for n, form in enumerate(forms)]
    return [*used, *inline]


@given(secret=TEXTS, forms=st.lists(st.sampled_from(FORMS), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_no_secret_is_ever_in_it(secret: str, forms: list[str]) -> None:
    templates = {
        "t/tool": template(Parameter("P"), Parameter("Key", control="Sensitive"), body="use #{P} #{Key}")
    }
    variables = {
        "S": {"sensitive": True, "from": {"env": "S"}},
        "A": "alias of #{S}",
        **dict(enumerate_forms(forms)),
    }
    with tempfile.TemporaryDirectory() as folder:
        plan = Desk(Path(folder), templates, {"S": secret}).plan(steps(*forms), {"variables": variables})
    text = json.dumps(plan_to_json(plan))
    assert secret not in text
    assert secret.upper() not in text
    assert MASK in text


def enumerate_forms(forms: list[str]) -> list[tuple[str, str]]:
    return [(f"V{number}", form) for number, form in enumerate(forms)]


def test_a_value_shows_how_it_was_written_where_that_differs(tmp_path: Path) -> None:
    plan = Desk(tmp_path).plan([{"name": "A", "run": "x"}], {"variables": {"A": "#{B}", "B": "b", "N": None}})
    values = {value["name"]: value for value in plan_to_json(plan)["steps"][0]["actions"][0]["variables"]}
    assert (values["A"]["value"], values["A"]["written"]) == ("b", "#{B}")
    assert (values["B"]["value"], values["B"]["written"]) == ("b", None)
    assert (values["N"]["value"], values["N"]["written"]) == (None, None)


def test_an_empty_secret_is_seen_to_be_empty(tmp_path: Path) -> None:
    project = {"variables": {"S": {"sensitive": True, "from": {"env": "S"}}}}
    action = only(Desk(tmp_path, secrets={"S": ""}).plan([{"name": "A", "run": "x"}], project))
    assert value_of(action, "S").shown == ""


def test_it_is_plain_json(tmp_path: Path) -> None:
    plan = Desk(tmp_path, {"t/tool": template()}).plan(
        [{"name": "Ä", "uses": "t/tool"}, {"name": "B", "run": "#{x}"}]
    )
    data = plan_to_json(plan)
    assert json.loads(json.dumps(data)) == data
    assert data["warnings"][0]["code"] == "unknown-variable"
