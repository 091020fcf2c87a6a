"""Sends an HTTP request, checks the status and hands the answer on."""

import re
import ssl
import urllib.error
import urllib.request

MOST_BYTES = 1024 * 1024


def parameter(name):
    return get_octopusvariable("HttpRequest." + name).strip()


def refuse(name, value, expected):
    failstep(f'HttpRequest.{name} is "{value}": expected {expected}')


def status_ranges(text):
    ranges = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*", part)
        if not found:
            refuse("ExpectedStatus", text, "numbers and ranges such as 200-299, 404")
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    return ranges


def headers():
    pairs = []
    for line in parameter("Headers").splitlines():
        if line.strip():
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
                refuse("Headers", line, 'lines such as "Accept: application/json"')
            pairs.append((name.strip(), value.strip()))
    return pairs


def build_request():
    url = parameter("Url")
    if not re.match(r"https?://\S+$", url):
        refuse("Url", url, "an address that begins with http:// or https://")
    method = parameter("Method") or "GET"
    if not re.fullmatch(r"[A-Z]+", method):
        refuse("Method", method, "a method such as GET or POST")
    body = get_octopusvariable("HttpRequest.Body")
    request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
    request.add_header("User-Agent", "treadle")
    if body:
        request.add_header("Content-Type", parameter("ContentType") or "application/json")
    for name, value in headers():
        request.add_header(name, value)
    if parameter("Authorization"):
        # Not sent to where a redirection leads.
        request.add_unredirected_header("Authorization", parameter("Authorization"))
    return request


def context():
    if parameter("SkipCertificateCheck").lower() != "true":
        return ssl.create_default_context()
    printwarning("The server's certificate isn't checked")
    return ssl._create_unverified_context()  # lint: allow certificate-not-checked


def send(request, seconds):
    """The answer, whatever its status."""
    try:
        return urllib.request.urlopen(request, timeout=seconds, context=context())
    except urllib.error.HTTPError as answer:
        return answer
    except (OSError, ValueError) as error:
        failstep(f"{request.get_method()} {request.full_url} failed: {getattr(error, 'reason', error)}")


timeout = parameter("Timeout") or "30"
if not re.fullmatch(r"\d{1,4}", timeout) or not 1 <= int(timeout) <= 3600:
    refuse("Timeout", timeout, "whole seconds from 1 to 3600")
expected = parameter("ExpectedStatus") or "200-299"
ranges = status_ranges(expected)

request = build_request()
print(f"{request.get_method()} {request.full_url}")
answer = send(request, int(timeout))
body = answer.read(MOST_BYTES + 1)
if len(body) > MOST_BYTES:
    printwarning("The answer is longer than 1 MiB; the output variable Body holds the first MiB")
text = body[:MOST_BYTES].decode("utf-8", "replace")

set_octopusvariable("StatusCode", str(answer.status))
set_octopusvariable("Body", text)
set_octopusvariable("ContentType", answer.headers.get("Content-Type", ""))
print(f"Answered {answer.status} {answer.reason} with {len(body)} bytes")
if not any(answer.status in allowed for allowed in ranges):
    print(text[:2000])
    failstep(f"The status is {answer.status}, expected {expected}")
