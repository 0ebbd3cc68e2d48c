"""An agent of one's own: it looks at what each action would do before it acts, and goes where it has not been.

It plays any world whose observations say "success" or "no success" at the end. `begin` hears the rules of an episode,
`reply` answers each turn with a text; `write` puts a wish into the words that are understood.
"""

from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.agents.grammar import WIDEST, write


class Scout:
    """Asks about all actions at once, then takes the best of them. `format`: what it wants to see."""

    format = "symbols"
    repeats = True  # it says the same again, so a run need not keep its replies

    def begin(self, brief):
        self.brief = brief
        self.seen, self.ahead = {}, {}  # how often each state was seen; action -> what it would show

    def reply(self, turn):
        for event in turn.new:
            self.hear(event)
        number = len(self.brief.about.actions)
        unasked = [action for action in range(number) if action not in self.ahead]
        room = min(turn.calls_left_now, WIDEST)
        if self.brief.mode != "invisible" and unasked and room:
            first, *others = [(action,) for action in unasked[:room]]
            return self.say(Wish("simulate", first, others=tuple(others)))
        return self.say(Wish("act", (max(range(number), key=self.worth),)))

    def hear(self, event):
        """What was shown: a state that is real now, or what an action would lead to."""
        if event.kind == "real":
            self.here, self.ahead = event.observation.symbols, {}
            self.seen[self.here] = self.seen.get(self.here, 0) + 1
        elif event.kind == "hypothetical":
            self.ahead[event.actions[-1]] = event.observation
        elif event.kind == "refusal":
            self.ahead = dict.fromkeys(range(len(self.brief.about.actions)))  # no more questions before it has acted

    def worth(self, action):
        """Winning before new states, new ones before old ones, anything before losing; unknown ones by chance."""
        shown = self.ahead.get(action)
        if shown is None:
            return self.brief.draws.uniform("policy", self.brief.instance.id, self.here, self.seen[self.here], action) - 1
        if "no success" in shown.text:
            return -100
        return 1 if "success" in shown.text else -self.seen.get(shown.symbols, 0)

    def say(self, wish):
        return write(wish, self.brief.about)
