from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from runner.engine.base import ACTION_LABEL, HOME_LABEL, RUN_LABEL, EngineError, ImageNotFound
from runner.engine.fake import FakeContainer, FakeEngine, State
from runner.execution.container_pool import AHEAD, ContainerPool, RunLabels
from runner.plan import PlannedAction
from runner.project import ContainerSettings, Target, TargetEngine
from tests.support.plans import IMAGE

LABELS = RunLabels("home-1", "run-1")
WEB = Target("web-1", ("Test",), ("web",), network="host", volumes={"apps": "/srv/apps"})


def action(number: int, target: Target | None = None, **settings: Any) -> PlannedAction:
    return PlannedAction(
        id=f"{number}-a",
        step=f"Step {number}",
        name="A",
        target=target,
        syntax="Bash",
        script="",
        preview="",
        image=settings.get("image", IMAGE),
        container=ContainerSettings(**settings),
    )


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine(images={IMAGE: {}}, networks=("bridge", "none", "host", "web"))
    yield engine
    engine.check_nothing_left()


def pool(engine: FakeEngine, actions: list[PlannedAction]) -> ContainerPool:
    return ContainerPool(lambda _: engine, LABELS, actions)


def made(engine: FakeEngine) -> list[str]:
    """The ids of the actions whose containers were made, in order."""
    return sorted(container.spec.labels[ACTION_LABEL] for container in engine.containers)


def await_made(engine: FakeEngine, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(engine.containers) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    assert len(engine.containers) == count


def take(one: ContainerPool, wanted: PlannedAction) -> FakeContainer:
    container = one.take(wanted)
    assert isinstance(container, FakeContainer)
    return container


class TestAhead:
    def test_the_first_containers_wait_before_anything_is_asked_for(self, engine: FakeEngine) -> None:
        one = pool(engine, [action(number) for number in range(6)])
        await_made(engine, AHEAD)
        assert {container.state for container in engine.containers} == {State.WAITING}
        one.close()

    def test_taking_one_makes_the_next(self, engine: FakeEngine) -> None:
        actions = [action(number) for number in range(6)]
        one = pool(engine, actions)
        await_made(engine, AHEAD)
        one.remove(one.take(actions[0]))
        await_made(engine, AHEAD + 1)
        assert made(engine) == ["0-a", "1-a", "2-a"]
        one.close()

    def test_each_action_gets_a_container_of_its_own_in_any_order(self, engine: FakeEngine) -> None:
        actions = [action(number) for number in range(6)]
        one = pool(engine, actions)
        for each in reversed(actions):
            container = take(one, each)
            assert container.spec.labels == {HOME_LABEL: "home-1", RUN_LABEL: "run-1", ACTION_LABEL: each.id}
            one.remove(container)
        one.close()
        assert made(engine) == [each.id for each in actions]

    def test_what_is_skipped_is_not_made_or_given_up(self, engine: FakeEngine) -> None:
        actions = [action(number) for number in range(6)]
        one = pool(engine, actions)
        await_made(engine, AHEAD)
        for skipped in (actions[0], actions[4]):
            one.skip(skipped)
        for each in (actions[1], actions[2], actions[3], actions[5]):
            one.remove(one.take(each))
        one.close()
        assert made(engine) == ["0-a", "1-a", "2-a", "3-a", "5-a"]


class TestFailures:
    def test_come_to_the_one_who_takes(self, engine: FakeEngine) -> None:
        actions = [action(1, image="nope:1"), action(2)]
        one = pool(engine, actions)
        with pytest.raises(ImageNotFound):
            one.take(actions[0])
        one.remove(one.take(actions[1]))
        one.close()

    def test_of_an_action_that_is_skipped_come_to_nobody(self, engine: FakeEngine) -> None:
        actions = [action(1, image="nope:1")]
        one = pool(engine, actions)
        one.skip(actions[0])
        one.close()

    def test_of_removing_are_told_in_the_end(self, engine: FakeEngine) -> None:
        class Stubborn(FakeContainer):
            def remove(self) -> None:
                super().remove()
                raise EngineError("engine-lost", "gone")

        one = pool(engine, [action(1)])
        container = take(one, action(1))
        container.__class__ = Stubborn
        one.remove(container)
        with pytest.raises(EngineError, match="gone"):
            one.close()


class TestNamespaces:
    def test_three_actions_on_one_network_share_one(self, engine: FakeEngine) -> None:
        actions = [action(number) for number in range(3)]
        one = pool(engine, actions)
        taken = [take(one, each) for each in actions]
        (namespace,) = engine.namespaces
        assert {container.spec.namespace for container in taken} == {namespace.id}
        assert namespace.labels[RUN_LABEL] == "run-1"
        for container in taken:
            one.remove(container)
        one.close()

    def test_two_do_not_make_it_worth_while(self, engine: FakeEngine) -> None:
        actions = [action(1), action(2)]
        self.take_all(engine, actions)
        assert engine.namespaces == []

    @pytest.mark.parametrize("alone", [{"shared_network": False}, {"network": "host"}])
    def test_whoever_wants_its_own_or_the_hosts_joins_none(
        self, engine: FakeEngine, alone: dict[str, Any]
    ) -> None:
        self.take_all(engine, [action(number, **alone) for number in range(4)])
        assert engine.namespaces == []
        assert {container.spec.namespace for container in engine.containers} == {None}

    def test_targets_and_networks_have_their_own(self, engine: FakeEngine) -> None:
        web = replace(WEB, network="web")
        groups = [
            [action(10 + n) for n in range(3)],
            [action(20 + n, network="none") for n in range(3)],
            [action(30 + n, web) for n in range(3)],
            [action(40 + n, web, network="bridge") for n in range(3)],
        ]
        self.take_all(engine, [each for group in groups for each in group])
        joined = {
            container.spec.labels[ACTION_LABEL]: container.spec.namespace for container in engine.containers
        }
        shared = [{joined[each.id] for each in group} for group in groups]
        assert [len(namespaces) for namespaces in shared] == [1, 1, 1, 1]
        assert len(set.union(*shared)) == len(engine.namespaces) == 4

    def take_all(self, engine: FakeEngine, actions: list[PlannedAction]) -> None:
        one = pool(engine, actions)
        for each in actions:
            one.remove(one.take(each))
        one.close()


class TestSpec:
    def spec_of(self, engine: FakeEngine, wanted: PlannedAction) -> Any:
        one = pool(engine, [wanted])
        container = take(one, wanted)
        one.remove(container)
        one.close()
        return container.spec

    def test_without_wishes_it_is_the_default_isolation(self, engine: FakeEngine) -> None:
        spec = self.spec_of(engine, action(1))
        assert (spec.image, spec.user, spec.network, spec.read_only) == (IMAGE, None, "bridge", False)
        assert (spec.limits.memory, spec.limits.cpus, spec.limits.pids) == (2 << 30, 2.0, 1024)
        assert (spec.capabilities, dict(spec.volumes), dict(spec.environment)) == ((), {}, {})

    def test_wishes_reach_it(self, engine: FakeEngine) -> None:
        wish: dict[str, Any] = {
            "user": "0",
            "memory": 1 << 20,
            "cpus": 0.5,
            "pids": 9,
            "tmp": 1 << 21,
            "read_only": True,
        }
        spec = self.spec_of(engine, action(1, capabilities=("NET_ADMIN",), network="none", **wish))
        assert (spec.user, spec.network, spec.read_only, spec.capabilities) == (
            "0",
            "none",
            True,
            ("NET_ADMIN",),
        )
        limits = spec.limits
        assert (limits.memory, limits.cpus, limits.pids, limits.tmp_size) == (1 << 20, 0.5, 9, 1 << 21)

    def test_a_target_brings_its_network_and_volumes(self, engine: FakeEngine) -> None:
        spec = self.spec_of(engine, action(1, WEB))
        assert (spec.network, spec.volumes) == ("host", {"apps": "/srv/apps"})
        assert self.spec_of(engine, action(1, WEB, network="none")).network == "none"


def test_each_target_has_its_own_engine() -> None:
    engines = {name: FakeEngine(images={IMAGE: {}}) for name in ("worker", "tcp://10.0.0.1:2376")}

    def engine_of(target: Target | None) -> FakeEngine:
        return engines[target.engine.host if target and target.engine else "worker"]

    remote = replace(WEB, engine=TargetEngine("tcp://10.0.0.1:2376"))
    actions = [action(1), action(2, remote)]
    one = ContainerPool(engine_of, LABELS, actions)
    for each in actions:
        one.remove(one.take(each))
    one.close()
    assert [made(engine) for engine in engines.values()] == [["1-a"], ["2-a"]]
