from __future__ import annotations

import pytest

from registry.cli.markdown import plain_links


@pytest.mark.parametrize(
    ("text", "shown", "short"),
    [
        ("See [the docs](https://x.io/a).", "See the docs (https://x.io/a).", "See the docs."),
        ("[https://x.io](https://x.io)", "https://x.io", "https://x.io"),
        ('[a](<b> "title") and [c](d)', "a (b) and c (d)", "a and c"),
        (
            "![logo](x.png) [1] (not) [a] (b)",
            "![logo](x.png) [1] (not) [a] (b)",
            "![logo](x.png) [1] (not) [a] (b)",
        ),
        ("list[0](arg with blanks)", "list[0](arg with blanks)", "list[0](arg with blanks)"),
    ],
)
def test_links_read_as_text(text: str, shown: str, short: str) -> None:
    assert plain_links(text) == shown
    assert plain_links(text, addresses=False) == short
