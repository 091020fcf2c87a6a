"""Addresses and Markdown."""

import pytest

from runner.octostache import Variables


@pytest.mark.parametrize(
    ("address", "part", "text"),
    [
        ("HTTP://User@EXAMPLE.com:80/a/../b%20c?q#f", "AbsoluteUri", "http://User@example.com/b%20c?q#f"),
        ("http://example.com/b%20c", "Path", "/b c"),
        ("http://example.com", "PathAndQuery", "/"),
        ("http://0x7f.1", "Host", "127.0.0.1"),
        ("http://127.0.0.1", "IsLoopback", "true"),
        ("http://[0:0::1]:8080", "DnsSafeHost", "::1"),
        ("amqp://host", "AbsoluteUri", "amqp://host/"),
        ("ssh://git@host/x", "HostAndPort", "host"),
        ("https://host", "HostAndPort", "host:443"),
        (r"\\srv\share\f", "AbsoluteUri", "file://srv/share/f"),
        (r"C:\dir\f.txt", "AbsoluteUri", "file:///C:/dir/f.txt"),
        ("file:///C:/a%20b", "Path", r"C:\a b"),
        ("urn:isbn:1", "AbsolutePath", "isbn:1"),
        ("a/b", "IsAbsoluteUri", "false"),
        ("a/b", "Host", "[UriPart Host error: This operation is not supported for a relative URI.]"),
        ("http://", "Host", "http://"),
    ],
)
def test_parts_of_an_address(address: str, part: str, text: str) -> None:
    assert Variables({"U": address}).evaluate(f"#{{U | UriPart {part}}}").text == text


TABLE = """<table>
<thead>
<tr>
<th style="text-align: left;">a</th>
<th style="text-align: right;">b</th>
</tr>
</thead>
<tbody>
<tr>
<td style="text-align: left;">1</td>
<td style="text-align: right;">2</td>
</tr>
</tbody>
</table>"""


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("- a\n\n- b", "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>"),
        ("at http://a.b/(c).", '<p>at <a href="http://a.b/(c)">http://a.b/(c)</a>.</p>'),
        ("www.x.org, ok", '<p><a href="http://www.x.org">www.x.org</a>, ok</p>'),
        ("http://localhost", "<p>http://localhost</p>"),
        ("~~a~~ ~b~ ^c^", "<p><del>a</del> <sub>b</sub> <sup>c</sup></p>"),
        ("++d++ ==e== +f+", "<p><ins>d</ins> <mark>e</mark> +f+</p>"),
        ("a|b\n:-|-:\n1|2", TABLE),
        ("[x](http://a.b)", '<p><a href="http://a.b">x</a></p>'),
    ],
)
def test_markdown(source: str, html: str) -> None:
    assert Variables({"M": source}).evaluate("#{M | Markdown}").text == html + "\n\n"
