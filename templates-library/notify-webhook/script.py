"""Posts a message to an incoming webhook. The address is a secret and appears in no message."""

import http.client
import json
import re
import urllib.error
import urllib.request

COLOURS = {"info": "2F80ED", "success": "27AE60", "warning": "F2994A", "error": "EB5757"}


def parameter(name):
    return get_octopusvariable("NotifyWebhook." + name)


def slack(title, text, level):
    attachment = {"color": "#" + COLOURS[level], "text": text, "fallback": title or text}
    return {"attachments": [{**attachment, "title": title} if title else attachment]}


def teams(title, text, level):
    lines = [{"type": "TextBlock", "text": text, "wrap": True}]
    if title:
        lines.insert(0, {"type": "TextBlock", "text": title, "weight": "bolder", "size": "medium"})
    styles = {"info": "accent", "success": "good", "warning": "warning", "error": "attention"}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "Container", "style": styles[level], "items": lines}],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def discord(title, text, level):
    embed = {"description": text, "color": int(COLOURS[level], 16)}
    return {"embeds": [{**embed, "title": title} if title else embed]}


def plain(title, text, level):
    return {"title": title, "text": text, "level": level}


FORMATS = {"slack": slack, "teams": teams, "discord": discord, "json": plain}


def chosen(name, usual, allowed):
    value = parameter(name).strip() or usual
    if value not in allowed:
        failstep(f'NotifyWebhook.{name} is "{value}": expected {", ".join(allowed)}')
    return value


def deliver(url, payload):
    """What went wrong; nothing if the message was taken."""
    request = urllib.request.Request(url, data=json.dumps(payload).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", "treadle")
    try:
        with urllib.request.urlopen(request, timeout=30):
            return ""
    except urllib.error.HTTPError as answer:
        said = " ".join(answer.read(500).decode("utf-8", "replace").split())
        return f"the webhook answered {answer.code}: {said}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"the webhook cannot be reached: {getattr(error, 'reason', error)}"


url = parameter("Url").strip()
if not re.match(r"https?://\S+$", url):
    failstep("NotifyWebhook.Url is not an address: expected one that begins with http:// or https://")
text = parameter("Text").strip()
if not text:
    failstep("NotifyWebhook.Text is empty: expected a message")
build = FORMATS[chosen("Format", "slack", FORMATS)]
level = chosen("Level", "info", COLOURS)

wrong = deliver(url, build(parameter("Title").strip(), text, level))
set_octopusvariable("Delivered", str(not wrong))
if not wrong:
    print("The message was delivered")
elif parameter("FailStep").strip().lower() == "false":
    printwarning(f"The message was not delivered: {wrong}")
else:
    failstep(f"The message was not delivered: {wrong}")
