"""The git gateway: the only package that runs git.

Plumbing through the git program itself, not a binding: reading the whole history of 600 templates is one
`git log --raw` and one `git cat-file --batch`, tens of times faster than walking it commit by commit, and
credentials, proxies and ssh work as the user set them up. What talks to other repositories goes through GitPython,
in `registry.git.transport`.

Its modules are imported one by one, so that a command that needs no process does not pay for one.
"""
