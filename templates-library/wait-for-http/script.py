"""Asks an address again and again until it answers as expected."""

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request


def parameter(name):
    return get_octopusvariable("WaitForHttp." + name).strip()


def refuse(name, value, expected):
    failstep(f'WaitForHttp.{name} is "{value}": expected {expected}')


def whole_number(name, usual, most):
    text = parameter(name) or usual
    if not re.fullmatch(r"\d{1,6}", text) or not 1 <= int(text) <= most:
        refuse(name, text, f"a whole number from 1 to {most}")
    return int(text)


def status_ranges(text):
    ranges = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*", part)
        if not found:
            refuse("ExpectedStatus", text, "numbers and ranges such as 200-299, 404")
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    return ranges


def ask(seconds):
    """The status and text of the answer; 0 and the reason where there is none."""
    request = urllib.request.Request(url, headers={"User-Agent": "treadle"})
    if authorization:
        request.add_unredirected_header("Authorization", authorization)
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            return answer.status, answer.read(1024 * 1024).decode("utf-8", "replace")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read(1024 * 1024).decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, str(getattr(error, "reason", error))


def judge(status, text):
    """What is wrong with an answer; nothing if it is as expected."""
    if status == 0:
        return f"no answer ({text})"
    if not any(status in allowed for allowed in ranges):
        return f"status {status}, expected {expected}"
    if wanted and wanted not in text:
        return f"status {status} without the expected text"
    return ""


url = parameter("Url")
if not re.match(r"https?://\S+$", url):
    refuse("Url", url, "an address that begins with http:// or https://")
expected = parameter("ExpectedStatus") or "200-299"
ranges = status_ranges(expected)
wanted = parameter("ExpectedText")
authorization = parameter("Authorization")
successes = whole_number("Successes", "1", 100)
timeout = whole_number("Timeout", "60", 86400)
interval = whole_number("Interval", "2", 3600)
context = ssl.create_default_context()
if parameter("SkipCertificateCheck").lower() == "true":
    printwarning("The server's certificate isn't checked")
    context = ssl._create_unverified_context()  # lint: allow certificate-not-checked

print(f"Waiting up to {timeout} s for {url}")
start = time.monotonic()
good = 0
last = None
while True:
    left = start + timeout - time.monotonic()
    status, text = ask(max(1, min(10, left)))
    wrong = judge(status, text)
    good = 0 if wrong else good + 1
    waited = round(time.monotonic() - start)
    if good == successes:
        break
    if wrong and wrong != last:
        print(f"After {waited} s: {wrong}")
        last = wrong
    if time.monotonic() - start + interval > timeout:
        failstep(f"{url} is not ready after {waited} s: {wrong or 'too few good answers in a row'}")
    time.sleep(interval)

set_octopusvariable("StatusCode", str(status))
set_octopusvariable("WaitedSeconds", str(waited))
print(f"{url} is ready after {waited} s (status {status})")
