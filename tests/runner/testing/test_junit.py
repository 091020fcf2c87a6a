from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from runner.testing import model
from runner.testing.junit import junit_xml

NASTY = '\x00\x07\x0b\x1b\r\t\x7f\x85\u202e\u2028\ud800\ufffe\uffff<&]]>"\U000e0041'
ANY_TEXT = st.text(st.sampled_from(NASTY) | st.characters())


def result(text: str) -> model.TestResult:
    test = model.TemplateTest(text, text, model.Expectations())
    return model.TestResult(
        text, test, (model.Failure(text, text, text),), 0.5, (("info", text),), error=text
    )


@given(ANY_TEXT)
def test_any_text_makes_well_formed_xml(text: str) -> None:
    root = ElementTree.fromstring(junit_xml([result(text)]))
    assert len(list(root.iter("testcase"))) == 1


def test_control_characters_are_written_out_in_names_and_texts() -> None:
    xml = junit_xml([result("a\x1b[2J\u202eb")]).decode()
    case = next(ElementTree.fromstring(xml).iter("testcase"))
    assert (case.get("name"), case.get("classname")) == ("a^[[2J\\u202eb",) * 2
    assert "info: a^[[2J\\u202eb" in str(case.findtext("system-out"))
