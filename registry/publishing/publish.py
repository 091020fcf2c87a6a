"""Publishing: a template that somebody wrote becomes the library's next version of it.

A draft knows the version that it is based on by its own `version`, an edited folder of the library by the commit
that is checked out. Where the library has gone on since, both changes are merged, or nothing is published: nobody's
version is reverted by a copy that never saw it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.sources import library_state
from registry.compatibility.compare import Comparison, compare
from registry.compatibility.three_way import Files, merge_folders
from registry.errors import Conflict
from registry.index.content import read_content, read_folder_files
from registry.index.database import Index, IndexedContent, SourceState
from registry.library.library import Library
from registry.library.message import commit_message, one_line
from registry.library.writer import Changes, writing
from registry.model import Problem, StepTemplate, TemplateForm
from registry.publishing.draft import Draft, bring_up, read_draft
from registry.publishing.draft_record import DraftRecord
from registry.publishing.uniqueness import Identity, check_unique, library_identities
from registry.template.document import read_folder, to_folder
from registry.template.folder_format import TEMPLATE_FILE
from registry.text.yaml_document import load_yaml
from registry.validation.check import check_template_folder


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a draft.

    version: the one that it is in the library now
    previous: the one that the library had before, None for a new template
    comparison: what changed since the library's version before
    commit: the one that holds it, None where it was only tried
    warnings: those of validation and lint
    based_on: the version that the draft was made from, None for a new template
    changed: False where the draft says what its base says; nothing is published then
    files: those beside template.yaml that differ from the library's version before
    """

    slug: str
    name: str
    version: int
    previous: int | None
    comparison: Comparison | None
    commit: str | None
    warnings: tuple[Problem, ...]
    based_on: int | None = None
    changed: bool = True
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _NextVersion:
    """The next version, on top of one commit of the library. `merged`: it holds more than the draft does."""

    files: Files
    published: Published
    merged: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """What the library holds under the draft's name at one commit. `versions` are its contents by number."""

    head: IndexedContent
    versions: Mapping[int, IndexedContent]


def publish(
    catalog: Catalog,
    path: Path,
    slug: str | None = None,
    message: str | None = None,
    *,
    push: bool = False,
    dry_run: bool = False,
) -> Published:
    """Commit the template folder or JSON file at `path` as the next version in the library.

    The version is the highest that the library ever had of it, plus one; what the file says counts for a new
    template only. With `push` the commit is made on top of what the remote holds and is shared before it shows
    here; where nothing changed, commits that the remote doesn't have are pushed all the same. Publishing the
    library's own folder `slug` publishes the edits in its work tree; any other draft is brought to what was
    published.

    Raises Invalid with all problems of the template, Conflict where the library changed the same lines since, a
    slug, title or id is taken, the id is another than before, or uncommitted changes are in the way; Unavailable
    for a remote.
    """
    index, library = catalog.index, catalog.library
    draft = read_draft(path, slug, library)
    head = library.head()
    known = _held(index, library, head, draft.slug)
    record = DraftRecord.of(catalog.home, path)
    own = frozenset(record.commits())
    if dry_run:
        return _next_version(index, library, head, draft, known, own).published
    edited = (draft.slug,) if draft.in_place else ()
    with writing(library, "publish") as writer:
        made: list[_NextVersion] = []

        def prepare(base: str | None) -> tuple[Changes, str]:
            made.append(_next_version(index, library, base, draft, known, own))
            files, published = made[-1].files, made[-1].published
            return {draft.slug: files} if published.changed else {}, _message(published, message)

        def note(commit: str) -> None:
            if not made[-1].merged:
                record.add(commit)

        write = writer.commit_and_push if push else writer.commit_prepared
        commit = write(prepare, edited, note)
    files, done = made[-1].files, replace(made[-1].published, commit=commit)
    if draft.in_place or not (done.changed or draft.numbered(done.version) == files):
        return done
    return replace(done, warnings=(*done.warnings, *bring_up(draft, files, done.version)))


def _held(index: Index, library: Library, commit: str | None, slug: str) -> _Held | None:
    state = library_state(index, library, commit) if commit else None
    head = index.head_record(state.id, slug) if state else None
    if state is None or head is None:
        return None
    ever = index.records(state.id, head.lineage)
    return _Held(head, {record.version: record for record in ever if record.main})


def _next_version(
    index: Index,
    library: Library,
    commit: str | None,
    draft: Draft,
    known: _Held | None,
    own: Collection[str],
) -> _NextVersion:
    """The draft as the next version on top of `commit`; `known` is what the library here held before a fetch, `own`
    are the commits that came from this very draft."""
    held = _held(index, library, commit, draft.slug)
    state = library_state(index, library, commit) if commit else None
    claim = Identity(draft.slug, draft.template.name, draft.template.id, f'"{draft.slug}"')
    check_unique(claim, (other for other in library_identities(index, state) if other.slug != draft.slug))
    if held is None:
        number = _first_number(index, state, draft)
        published = Published(
            draft.slug,
            draft.template.name,
            number,
            None,
            None,
            None,
            draft.warnings,
            files=_different({}, draft.files),
        )
        return _NextVersion(draft.numbered(number), published)
    theirs = _files(library, held.head)
    there = read_folder(theirs, draft.slug).template
    _refuse_other(draft, there)
    base = _base(draft, held, known)
    number = max(held.versions) + 1
    merged = _merged(library, draft, base, held, theirs, number, held.head.commit in own)
    changed, files, template = merged is not None, theirs, there
    if merged is not None:
        files, template = merged
    published = Published(
        draft.slug,
        draft.template.name,
        number if changed else held.head.version,
        held.head.version,
        compare(there, template) if changed else None,
        None,
        draft.warnings,
        base.version if base else None,
        changed,
        _different(theirs, files) if changed else (),
    )
    return _NextVersion(files, published, template is not draft.template)


def _different(one: Files, other: Files) -> tuple[str, ...]:
    names = sorted({*one, *other} - {TEMPLATE_FILE})
    return tuple(name for name in names if one.get(name) != other.get(name))


def _first_number(index: Index, state: SourceState | None, draft: Draft) -> int:
    """The number of a template that the library does not have: its own, or above those that a removed one had."""
    removed = index.lineages_named(state.id, draft.slug) if state else []
    ever = (
        [record.version for item in removed for record in index.records(state.id, item.number)]
        if state
        else []
    )
    return max(ever) + 1 if ever else max(draft.template.version, 1)


def _base(draft: Draft, held: _Held, known: _Held | None) -> IndexedContent | None:
    """The version that the draft was made from; None where it never saw one.

    A number that the library gave says it; one that it never gave says nothing, and then it is what the library
    showed here. A new draft that the library here doesn't know was made from nothing.
    """
    said = draft.template.version
    if known is not None and draft.in_place and said >= known.head.version:
        return known.head
    if known is None and said <= 1:
        return None
    return held.versions.get(said) or (known.head if known else None)


def _merged(
    library: Library,
    draft: Draft,
    base: IndexedContent | None,
    held: _Held,
    theirs: Files,
    number: int,
    own: bool,
) -> tuple[Files, StepTemplate] | None:
    """The folder to publish as `number`, and the template in it; None where there is nothing new. `own`: what the
    library has came from this very draft. Raises Conflict."""
    head = held.head
    if draft.numbered(head.version) == theirs:
        return None
    if base is None and own:
        return draft.numbered(number), draft.template
    if base is None:
        raise _behind(library, draft, held, base, "there is no version that both come from")
    if base.id == head.id:
        return draft.numbered(number), draft.template
    before = _files(library, base)
    if draft.numbered(base.version) == before:
        return None
    if own:
        return draft.numbered(number), draft.template
    name = f"library/{draft.slug}"
    labels = (str(draft.path), f"{name}@{base.version}", f"{name}@{head.version}")
    merged = merge_folders(before, draft.files, theirs, labels, number)
    if merged.conflicts:
        files = ", ".join(f'"{file}"' for file in merged.conflicts)
        raise _behind(library, draft, held, base, f"both changed {files} in the same place")
    document = load_yaml(merged.files[TEMPLATE_FILE].decode("utf-8-sig"), f"{draft.slug}/{TEMPLATE_FILE}")
    checked = check_template_folder(document, merged.files, draft.slug)
    if checked.errors or checked.content is None:
        reason = checked.errors[0].message
        raise _behind(library, draft, held, base, f"together they are not a template ({reason})")
    return merged.files, checked.content.template


def _files(library: Library, record: IndexedContent) -> Files:
    if record.shape is TemplateForm.FOLDER:
        return read_folder_files(library.repository, record.id)
    return to_folder(read_content(library.repository, record))


def _behind(
    library: Library, draft: Draft, held: _Held, base: IndexedContent | None, reason: str
) -> Conflict:
    name, head = f"library/{draft.slug}", held.head.version
    based = f"based on {base.version}" if base else "not based on any version of it"
    compared = f"See what changed: `treadle diff {name}@{base.version} {name}@{head}`. " if base else ""
    remedy = (
        f'Bring the two together with git in "{library.folder}" (git stash, git pull, git stash pop)'
        if draft.in_place and draft.template.version < head
        else f'Take it into your copy, set "version: {head}" in it'
    )
    return Conflict(
        "library-ahead",
        f"{name} is at {head}, your copy is {based}: {reason}",
        f"Nothing was written. {compared}{remedy}, and publish again.",
    )


def _refuse_other(draft: Draft, old: StepTemplate) -> None:
    if draft.template.id.casefold() != old.id.casefold():
        raise Conflict(
            "id-changed",
            f'"{draft.slug}" has the id {draft.template.id or "-"}, the library\'s has {old.id}',
            hint="An id never changes: take the old one, or publish under another name with --as.",
        )


def _message(published: Published, message: str | None) -> str:
    trailers = [("Publish", f"{published.slug}@{published.version}")]
    if published.comparison:
        trailers.append(("Change", published.comparison.change.value))
    return commit_message(message or one_line(f"Publish {published.name} {published.version}"), trailers)
