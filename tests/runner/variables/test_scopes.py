from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.project import Scope, ScopedValue, Target, Variable
from runner.variables.scopes import ActionPlace, Verdict, judge, overlap, scope_text, select

WEB = Target("web-1", ("Test",), ("web-server", "primary"))
PLACE = ActionPlace(
    "Test", "Smoke test", ("web-server",), WEB, ("Web shop", "deploy"), "Beta", "Acme", ("Ring/Early",)
)


def chosen(place: ActionPlace, **values: Scope) -> list[str]:
    variable = Variable("V", tuple(ScopedValue(name, scope) for name, scope in values.items()))
    return [value.value or "" for value in select(variable, place)]


class TestSelect:
    # The order of strength, weakest first, as (name, scope).
    LADDER = (
        ("unscoped", Scope()),
        ("process", Scope(processes=("DEPLOY",))),
        ("channel", Scope(channels=("beta",))),
        ("environment", Scope(environments=("test",))),
        ("tenant tag", Scope(tenant_tags=("ring/early",))),
        ("tenant", Scope(tenants=("acme",))),
        ("any role", Scope(roles=("PRIMARY",))),
        ("asked role", Scope(roles=("Web-Server",))),
        ("target", Scope(targets=("WEB-1",))),
        ("step", Scope(steps=("smoke TEST",))),
    )

    @pytest.mark.parametrize("stronger", range(1, len(LADDER)))
    def test_each_dimension_beats_all_weaker_ones_together(self, stronger: int) -> None:
        name, scope = self.LADDER[stronger]
        weaker = Scope()
        for _, below in self.LADDER[:stronger]:
            changed = {key: names for key in Scope.__slots__ if (names := getattr(below, key))}
            weaker = replace(weaker, **changed)
        assert chosen(PLACE, weaker=weaker, **{name: scope}) == [name]
        assert chosen(PLACE, **{name: scope}, weaker=weaker) == [name]

    def test_an_added_dimension_makes_a_value_more_specific(self) -> None:
        scopes = {
            "role": Scope(roles=("primary",)),
            "both": Scope(roles=("primary",), environments=("Test",)),
        }
        assert chosen(PLACE, **scopes) == ["both"]

    @pytest.mark.parametrize(
        "scope",
        [
            Scope(environments=("Production",)),
            Scope(targets=("web-2",)),
            Scope(roles=("database",)),
            Scope(steps=("Other",)),
            Scope(environments=("Test",), steps=("Other",)),
        ],
    )
    def test_a_value_for_elsewhere_does_not_apply(self, scope: Scope) -> None:
        assert chosen(PLACE, elsewhere=scope) == []

    def test_names_within_a_dimension_are_alternatives(self) -> None:
        assert chosen(PLACE, one_of=Scope(environments=("Production", "Test"))) == ["one_of"]

    def test_on_the_worker_nothing_is_scoped_to_targets_or_roles(self) -> None:
        worker = ActionPlace("Test", "Smoke test")
        assert chosen(worker, a=Scope(targets=("web-1",)), b=Scope(roles=("primary",)), c=Scope()) == ["c"]

    def test_equally_specific_values_all_come_in_their_order(self) -> None:
        assert chosen(PLACE, b=Scope(environments=("Test",)), a=Scope(environments=("TEST",))) == ["b", "a"]

    @given(st.permutations([name for name, _ in LADDER]))
    def test_the_order_in_the_file_decides_nothing_else(self, order: list[str]) -> None:
        scopes = dict(self.LADDER)
        assert chosen(PLACE, **{name: scopes[name] for name in order}) == ["step"]


class TestSets:
    def test_the_projects_own_value_beats_one_of_a_set(self) -> None:
        ours, theirs = ScopedValue("ours"), ScopedValue("theirs", from_set="Common")
        for values in ((ours, theirs), (theirs, ours)):
            assert select(Variable("V", values), PLACE) == (ours,)

    def test_a_more_specific_one_of_a_set_beats_the_projects_own(self) -> None:
        theirs = ScopedValue("theirs", Scope(environments=("Test",)), from_set="Common")
        assert select(Variable("V", (ScopedValue("ours"), theirs)), PLACE) == (theirs,)


class TestJudge:
    VALUES = (
        ScopedValue("a", Scope(environments=("Production", "Demo"))),
        ScopedValue("b", Scope(environments=("Test",))),
        ScopedValue("c", Scope(roles=("primary",))),
        ScopedValue("d", Scope(roles=("primary",)), from_set="Common"),
        ScopedValue("e", Scope(roles=("primary",))),
        ScopedValue("f"),
    )

    def test_every_value_has_its_reason(self) -> None:
        found = {
            one.value.value: (one.verdict, one.reason) for one in judge(Variable("V", self.VALUES), PLACE)
        }
        assert found == {
            "a": (Verdict.ELSEWHERE, 'it is for environment "Production" or "Demo"'),
            "b": (Verdict.WEAKER, "the winner is for this role"),
            "c": (Verdict.WINS, "it is for this role"),
            "d": (Verdict.WEAKER, "it is of a variable set, and the winner is the project's own"),
            "e": (Verdict.AMBIGUOUS, "it is as specific as the winner, and comes after it"),
            "f": (Verdict.WEAKER, "the winner is for this role"),
        }

    def test_where_nothing_applies_nothing_wins(self) -> None:
        (judgement,) = judge(Variable("V", (ScopedValue("x", Scope(tenants=("Other",))),)), PLACE)
        assert (judgement.verdict, judgement.reason) == (Verdict.ELSEWHERE, 'it is for tenant "Other"')

    def test_a_lone_value_wins_for_want_of_others(self) -> None:
        (judgement,) = judge(Variable("V", (ScopedValue("x"),)), PLACE)
        assert (judgement.verdict, judgement.reason) == (Verdict.WINS, "no scope is more specific")

    @given(st.lists(st.sampled_from(VALUES), max_size=6, unique_by=id))
    def test_it_agrees_with_what_is_selected(self, values: list[ScopedValue]) -> None:
        variable = Variable("V", tuple(values))
        wins = [one.value for one in judge(variable, PLACE) if one.verdict is Verdict.WINS]
        assert wins == list(select(variable, PLACE)[:1])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Scope(), Scope(), True),
        (Scope(environments=("Test",)), Scope(environments=("TEST", "Demo")), True),
        (Scope(environments=("Test",)), Scope(environments=("Demo",)), False),
        (Scope(environments=("Test",)), Scope(environments=("Test",), roles=("x",)), False),
        (Scope(environments=("Test",)), Scope(roles=("x",)), False),
    ],
)
def test_scopes_overlap_where_no_rule_tells_them_apart(one: Scope, other: Scope, expected: bool) -> None:
    assert overlap(ScopedValue("a", one), ScopedValue("b", other)) is expected
    assert overlap(ScopedValue("a", one), ScopedValue("b", other, from_set="Common")) is False


def test_a_scope_reads_like_a_sentence() -> None:
    scope = Scope(environments=("Test", "Demo"), roles=("web",))
    assert scope_text(scope) == 'role: "web", environment: "Test" or "Demo"'
