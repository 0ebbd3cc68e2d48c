"""One episode, from top to bottom: the agent replies, a governor rules, the world model predicts or the world moves on.

    episode = play(Scene(world, model, mode="normal"), instance, agent, Draws(0))

The real state is S. A call asks the world model about S and leaves S as it is, which is checked after each; an act moves S
on (spec a.2). Modes (a.3): "invisible" has nothing to ask; "normal" lets the agent choose; "force" refuses a real action
before which nothing was asked. A governor may forbid a call, or have one made before the agent is asked again.

Nothing is drawn in sequence: all randomness is keyed, so an episode played again is the same to the last bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from journeyman.errors import PromptTooLong, UsageError
from journeyman.foresee.agents import prompts
from journeyman.foresee.agents.agent import Agent, Brief, Calls, Reply, mind_of, reply_of, tell_end
from journeyman.foresee.agents.grammar import Said, Unreadable, parse
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import ALLOW, Checked, Knowing, Listening, Point, Ruling
from journeyman.foresee.protocol.asking import Question, Refused, asks
from journeyman.foresee.protocol.blame import Blame
from journeyman.foresee.protocol.branches import Branches, Node, agrees
from journeyman.foresee.protocol.caps import EMPTY_TURNS, Taken, caps_of
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.reality import Reality
from journeyman.foresee.protocol.record import Record, observation_hash
from journeyman.foresee.protocol.repair import Repair
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.protocol.transcript import Transcript
from journeyman.foresee.worlds.world import Asking, Instance


def play(
    scene: Scene,
    instance: Instance,
    agent: Agent,
    draws: Draws,
    *,
    repair: Repair | None = None,
    calls: Calls | None = None,
    keep: Callable[[str], str] | None = None,
    clock: Callable[[float], None] | None = None,
) -> Episode:
    """Play one episode.

    Args:
        scene: what is the same for all episodes of a cell.
        instance: the problem.
        agent: a new one.
        draws: all randomness of the episode; its seed is the episode's.
        repair: replaces stages by what one who knew better would have done. Needs `scene.clone`.
        calls: the agent's way to its language models, where it has any.
        keep: stores the text of a reply and gives its digest; None: texts are not kept.
        clock: is told the seconds that each reply took. They are no part of the episode, which is the same each time.

    Raises:
        WorldTouched: the world model changed the real state.
        EpisodeFailed: agent, world model, world or governor raised.
        UsageError: a repair or a governor needs a clone of the world and there is none.
        BudgetExhausted, ModelUnavailable and the like: from the agent's model; the episode is void and can be played again.
    """
    game = _Game(scene, instance, agent, draws, repair, calls, keep, clock)
    while not game.reason:
        said = game.ask()
        if said is None:
            continue
        wish, ruling = said.wish, game.rule(said)
        if ruling.verdict == "simulate":
            game.simulate(Question((ruling.actions, *ruling.others), by_governor=True), ruling)
        elif wish.kind == "simulate" and ruling.verdict == "veto":
            game.refuse("veto", ruling.why, ruling)
        elif wish.kind == "simulate":
            game.simulate(Question(wish.alternatives, wish.origin), ruling)
        elif wish.kind == "answer":
            game.answer(wish.answer, ruling)
        else:
            game.act(wish.actions, ruling)
    return game.ended()


class _Game:
    """An episode while it is played. `reason`: why it has ended, "" before."""

    def __init__(
        self, scene: Scene, instance: Instance, agent: Agent, draws: Draws, repair: Repair | None, calls: Calls | None,
        keep: Callable[[str], str] | None, clock: Callable[[float], None] | None,
    ) -> None:  # fmt: skip
        self.governor = None if scene.mode == "invisible" else scene.governor
        # Looked up once: such a check costs more than all else of a decision.
        self.knowing = self.governor if isinstance(self.governor, Knowing) else None
        self.listening = self.governor if isinstance(self.governor, Listening) else None
        if scene.clone is None and (repair is not None or self.knowing is not None):
            raise UsageError("repairs and governors that know the world need a clone of it in the scene")
        self.scene, self.instance, self.agent, self.draws, self.repair = scene, instance, agent, draws, repair
        self.about, self.clock = scene.world.about, clock
        self.blame = Blame(instance.id)
        self.taken = Taken(caps_of(instance), scene.single)
        self.branches = Branches()
        self.transcript = Transcript(self.about, scene.mode, scene.memory, self.taken, self.branches)
        self.record = Record(keep)
        self.asked: list[Actions] = []  # since the last real action
        self.reason, self.success, self.given_answer = "", False, ""
        self.unread = self.empty_turns = 0  # replies that could not be read, and turns lost by them, in a row

        self.real = Reality(scene, instance, draws, self.blame)
        wording = prompts.wording_of(agent)
        system = prompts.system_text(
            self.about, instance.cap, scene.mode, memory=scene.memory, wording=wording, format=scene.format,
            asks=isinstance(scene.world, Asking), reliable=scene.reliable, single=scene.single,
        )  # fmt: skip
        told = replace(instance, optimal=None, labels={})
        fields = wording.fields(scene.mode)
        self.brief = Brief(self.about, told, scene.mode, system, draws, scene.reliable, fields, scene.memory, calls)
        self.blame("the agent", agent.begin, self.brief)
        if self.governor is not None:
            self.blame("the governor", self.governor.begin, self.brief)
        self.transcript.real(self.real.observe(), (), self.real.state)

    # --- the agent and the governor -----------------------------------------------------------------------------------

    def ask(self) -> Said | None:
        """The agent's reply, understood; None where it could not be: the agent then has one more try, or lost a turn."""
        if self.taken.turns == self.taken.caps.turns:
            self.reason = "turn cap"
            return None
        self.taken.turns += 1
        force, begun = self.scene.mode == "force", time.perf_counter()
        try:
            turn = self.transcript.turn(must_simulate=force and not self.asked)
            self.reply = reply = reply_of(self.blame("the agent", self.agent.reply, turn))
        except PromptTooLong as error:
            self.record.heard(Reply(""))
            self._line("P", refusal=str(error))
            self.reason = "unreadable"
            return None
        finally:
            if self.clock is not None:
                self.clock(time.perf_counter() - begun)
        self.record.heard(reply)
        # A reading is of a prediction; where none was shown there is nothing to be read.
        fields = [field for field in self.brief.fields if field != "reading" or self.asked]
        said = parse(reply.text, self.about, self.scene.mode, memory=self.scene.memory, fields=fields)
        if isinstance(said, Unreadable):
            self._unreadable(said.why)
            return None
        self.unread = self.empty_turns = 0
        if said.reading is not None and self.asked:
            last = self.branches.nodes[-1]
            last.read_right = agrees(said.reading, last.prediction.digest) if last.read_right is None else last.read_right
        return said

    def _unreadable(self, why: str) -> None:
        """One more try; after that a real turn in which nothing is done (spec a.6)."""
        self._line("P", refusal=why)
        self.transcript.said(self.reply.text, acted=False)
        self.unread += 1
        if self.unread % 2:
            self.transcript.remark(prompts.reask_text(why, self.scene.mode))
            return
        self.taken.real += 1
        self.empty_turns += 1
        self.transcript.remark(prompts.lost_turn_text())
        if self.empty_turns == EMPTY_TURNS:
            self.reason = "unreadable"
        elif not self.taken.real_left:
            self.reason = "real cap"

    def rule(self, said: Said) -> Ruling:
        """What becomes of the wish. In force, the first call before an action is the mode's own and cannot be forbidden."""
        taken = self.taken
        self.point = Point(
            self.brief, said.wish, mind_of(self.agent), self.real.state, tuple(self.asked), taken.calls, taken.real,
            taken.calls_left, taken.calls_left_now, self.branches.disagreed, said.reading,
            self.scene.model.name,
        )  # fmt: skip
        self.said = said
        if self.scene.mode == "invisible":
            return ALLOW
        ruling = None if self.repair is None else self.repair.gate(self.point, self.real.clone())
        if ruling is None and self.governor is not None:
            if self.knowing is not None:
                ruling = self.blame("the governor", self.knowing.rule_knowing, self.point, self.real.clone())
            else:
                ruling = self.blame("the governor", self.governor.rule, self.point)
        if ruling is None:
            return ALLOW
        if ruling.verdict == "veto" and self.scene.mode == "force" and not self.asked:
            return replace(ruling, verdict="allow", why="the mode asks for a call")
        if ruling.verdict == "simulate" and not taken.calls_left_now:
            return replace(ruling, verdict="allow", why="no calls are left")
        if ruling.verdict == "simulate" and self.scene.memory == "branches":
            known = [self.branches.known(self.real.state, actions) for actions in (ruling.actions, *ruling.others)]
            if all(known):
                return replace(ruling, verdict="allow", why="the agent sees it in its table already")
        return ruling

    # --- what becomes of a wish ---------------------------------------------------------------------------------------

    def refuse(self, why: str, detail: str, ruling: Ruling) -> None:
        """The wish is not granted; no real action is used up."""
        self.transcript.said(self.reply.text, acted=False)
        self._line("R", ruling, wished=self.said.wish.actions, refusal=self.transcript.refusal(why, detail))

    def simulate(self, question: Question, ruling: Ruling) -> None:
        """Ask the world model about the real state, or, where the memory allows, about what an earlier call showed.

        Each alternative is a call. The agent is refused what exceeds the caps; the governor's are cut to them.
        """
        found = asks(question, self.branches, self.real, self.taken, once=self.scene.memory == "branches")
        if isinstance(found, Refused):
            return self.refuse(found.why, found.detail, ruling)
        self.transcript.said(self.reply.text, acted=False)
        first, hope = len(self.record.decisions), str(self.reply.extra.get("hope", ""))
        for number, wanted in enumerate(found.alternatives, 1):
            actions = wanted
            if self.repair is not None:
                actions = self.repair.query(self.point, wanted, self.real.clone()) or wanted
            node, again = found.predict(
                actions, self.scene, self.instance.id, self.draws, self.repair, hope=hope, blame=self.blame
            )
            self.asked.append(node.asked)
            batch = (number, len(found.alternatives)) if len(found.alternatives) > 1 else None
            self.transcript.hypothetical(
                node, again, alternative=batch, by_governor=question.by_governor,
                attach=self.repair is not None and self.repair.attach(),
            )  # fmt: skip
            prediction = node.prediction
            if self.listening is not None:
                self.blame("the governor", self.listening.heard, node.path, prediction.digest, prediction.confidence)
            wished = self.said.wish.actions if question.by_governor else wanted
            self._line(
                "W", ruling, by="governor" if question.by_governor else "agent", actions=actions,
                wished=wished if wished != actions else None, observation=observation_hash(prediction.observation),
                call=node.call, origin=node.parent, batch=first if batch else None, model=self.scene.model.name,
                realised=dict(prediction.realised), predicted=dict(prediction.digest), true=dict(node.true),
                hope=hope,
            )  # fmt: skip
        return None

    def answer(self, answer: str, ruling: Ruling) -> None:
        """End the episode: with the answer to a question, or by giving up where none is asked."""
        question = isinstance(self.scene.world, Asking)
        if question and self._unforeseen():
            return self.refuse("force", "", ruling)
        self.transcript.said(self.reply.text, acted=True)
        self.given_answer, self.reason = answer, "answered"
        if isinstance(self.scene.world, Asking):
            self.success = self.blame("the world", self.scene.world.right, answer)
        self._line("A", ruling, answer=answer)
        return None

    def act(self, wished: Actions, ruling: Ruling) -> None:
        """Carry actions out one by one, until one ends the episode or the cap is reached."""
        if self._unforeseen():
            return self.refuse("force", "", ruling)
        actions = wished
        if self.repair is not None:
            actions = self.repair.action(self.point, wished, self.real.clone()) or wished
        self.transcript.said(self.reply.text, acted=True)
        real, before = self.real, self.real.state
        settled: list[Node] = []
        done = 0
        for action in actions[: self.taken.real_left]:
            real.step(action)
            done += 1
            settled += self.branches.step(action, real.digest, real.state)
            if real.terminal or real.truncated:
                break
        before_it = self.taken.real
        self.taken.acted(done)
        self.asked = []
        self.success = real.success
        if real.success or (real.terminal and not real.truncated):
            self.reason = "success" if real.success else "lost"
        elif real.truncated or not self.taken.real_left:
            self.reason = "real cap"
        self._learn(settled)
        observation = real.observe()
        self.transcript.real(observation, actions[:done], real.state)
        self._line(
            "E", ruling, real=before_it, state=before, actions=actions[:done],
            wished=wished if wished != actions[:done] else None, observation=observation_hash(observation),
            disagreed=any(not node.confirmed for node in settled) if settled else None,
        )  # fmt: skip
        return None

    def _unforeseen(self) -> bool:
        """Whether mode force asks for a call first; with none left, there is nothing to ask for."""
        return self.scene.mode == "force" and not self.asked and self.taken.calls_left_now > 0

    # --- the record ---------------------------------------------------------------------------------------------------

    def ended(self) -> Episode:
        """All of it."""
        if self.governor is not None:
            self.blame("the governor", self.governor.ended, self.success)
        last = self.transcript.turn(must_simulate=False)
        self.blame("the agent", tell_end, self.agent, last, self.success, self.reason)
        instance, record = self.instance, self.record
        return Episode(
            self.scene.cell, self.about.name, instance.id, self.draws.seed, self.scene.mode, self.success, self.reason,
            self.taken.calls, self.taken.real, tuple(record.decisions), instance.optimal, dict(instance.labels),
            self.given_answer, record.total("tokens_in"), record.total("tokens_out"), record.total("micro_usd"),
            self.taken.charged - self.taken.calls,
        )  # fmt: skip

    def _line(
        self, context: str, ruling: Ruling | None = None, *, real: int | None = None, state: str = "", **known: object
    ) -> None:
        """A line about the present reply; `ruling` is None of one that could not be read."""
        self.record.line(
            context, real=self.taken.real if real is None else real, state=state or self.real.state,
            after=self.real.state, said=None if ruling is None else self.said,
            mind=None if ruling is None else self.point.mind,
            ruling=None if self.governor is None and self.repair is None else ruling,
            terminal=self.real.terminal, success=self.success, **known,
        )  # fmt: skip

    def _learn(self, settled: list[Node]) -> None:
        if self.governor is not None:
            for node in settled:
                depth = len(node.path) - len(node.rest or ())
                checked = Checked(
                    self.about.name, self.scene.model.name, node.path, depth, bool(node.confirmed), node.read_right
                )
                self.blame("the governor", self.governor.learn, checked)
