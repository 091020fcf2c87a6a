"""The template folder: the form of a template that people edit and review.

`template.yaml` and the script files beside it are a view of the Octopus document (`registry.octopus`):
everything an Octopus document says has a place in it, so both ways keep every value and, through the `json`
section, the order of keys and the layout of the JSON text. A script file holds the body's exact bytes: line
ends, trailing blanks and a byte order mark included.
"""

from registry.folder.reading import read_view
from registry.folder.words import TEMPLATE_FILE
from registry.folder.writing import write_view

__all__ = ["TEMPLATE_FILE", "read_view", "write_view"]
