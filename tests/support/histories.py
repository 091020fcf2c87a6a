"""Every version that the real community library ever had, as templates."""

from __future__ import annotations

from pathlib import Path

from registry.catalog.resolve import TemplateHistory
from registry.git.repository import Repository
from registry.index.content import read_contents
from registry.index.database import Index
from registry.index.writer import IndexTarget, index_repository
from registry.model import StepTemplate
from registry.template.document import TemplateDocument
from tests.support.library import FOLDER, CommunityLibrary


def version_histories(library: CommunityLibrary, folder: Path) -> dict[str, list[StepTemplate]]:
    """Every template's versions on the first-parent line, oldest first."""
    repository, index = Repository(library.path), Index(folder / "index.sqlite")
    commit = repository.commit_of("HEAD")
    assert commit
    index_repository(index, repository, IndexTarget("c", "community", None, FOLDER, commit))
    numbers = [row[0] for row in index.connection.execute("SELECT DISTINCT number FROM lineage")]
    histories = {}
    for number in numbers:
        history = TemplateHistory("", True, tuple(index.records(1, number)))
        histories[f"{history.records[-1].slug} {number}"] = list(reversed(history.versions()))
    index.close()
    read = dict(read_contents(repository, [record for records in histories.values() for record in records]))
    found: dict[str, list[StepTemplate]] = {}
    for name, records in histories.items():
        documents = (read[record] for record in records)
        found[name] = [item.template for item in documents if isinstance(item, TemplateDocument)]
    return found
