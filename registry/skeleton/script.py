"""Says {{prefix}}.Message, and hands its length on."""

message = get_octopusvariable("{{prefix}}.Message")
if not message:
    failstep("{{prefix}}.Message is empty: expected a text")

print(message)
set_octopusvariable("Length", str(len(message)))
