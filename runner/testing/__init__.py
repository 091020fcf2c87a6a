"""Testing templates: one run in real containers for each test file beside a template.

The template runs exactly as in a process: same plan, same bootstrap, same output pump. Around it stands only what the
test describes: HTTP services on localhost, stand-ins for commands, files, variables; and no network unless asked for.
"""
