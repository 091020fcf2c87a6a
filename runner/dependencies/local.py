"""Templates that are folders of the project: `uses: ./folder`, for one that nobody has published yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from registry.errors import Invalid, NotFound, Untrusted
from registry.git.objects import tree_id
from registry.home import real_path
from registry.model import LOCAL_SOURCE, Provenance, Reference, ResolvedTemplate, errors_of
from registry.template.document import read_folder
from registry.template.files import template_files
from registry.template.folder_format import TEMPLATE_FILE
from registry.validation.check import check_file

Resolve = Callable[[Reference], ResolvedTemplate]


def with_local_templates(folder: Path, resolve: Resolve) -> Resolve:
    """`resolve` for everything but the template folders of the project in `folder`."""

    def resolved(reference: Reference) -> ResolvedTemplate:
        if reference.source == LOCAL_SOURCE:
            return local_template(folder, reference)
        return resolve(reference)

    return resolved


def local_template(folder: Path, reference: Reference) -> ResolvedTemplate:
    """The template in a folder below the project's `folder`, with the version that it says.

    Raises NotFound where there is none, Untrusted for a link that leads out, Invalid with all problems of one.
    """
    place = folder / reference.slug
    if not (place / TEMPLATE_FILE).is_file():
        message = f'there is no template in "{reference}"'
        raise NotFound("template-not-found", message, f"Begin one: `treadle new NAME -o {reference}`.")
    if not real_path(place).is_relative_to(real_path(folder)):
        message = f'"{reference}" is a link that leads out of the project'
        raise Untrusted("file-outside", message, "Copy the template into the project.")
    problems = errors_of(check_file(place / TEMPLATE_FILE).problems)
    if problems:
        raise Invalid.of("template-invalid", reference, problems)
    files = template_files(place)
    template = read_folder(files, str(place)).template
    where = Provenance(LOCAL_SOURCE, reference.slug, reference.slug, template.version, tree_id(files))
    return ResolvedTemplate(reference, template, where)
