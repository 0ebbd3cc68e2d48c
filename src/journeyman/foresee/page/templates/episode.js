"use strict";
(() => {
  const players = [...document.querySelectorAll(".player")].map((root) => ({
    root,
    steps: [...root.querySelectorAll(".step")],
    signs: [...root.querySelectorAll(".strip a")],
    count: root.querySelector(".count"),
    previous: root.querySelector(".previous"),
    next: root.querySelector(".next"),
    at: 0,
  }));
  const together = document.getElementById("together");
  let active = players[0];
  const put = (player, wanted) => {
    player.at = Math.max(0, Math.min(player.steps.length - 1, wanted));
    player.steps.forEach((step, i) => { step.hidden = i !== player.at; });
    player.signs.forEach((sign, i) => {
      if (i === player.at) sign.setAttribute("aria-current", "step");
      else sign.removeAttribute("aria-current");
    });
    player.count.textContent = `decision ${player.at} of 0–${player.steps.length - 1}`;
    player.previous.disabled = player.at === 0;
    player.next.disabled = player.at === player.steps.length - 1;
  };
  const real = (step) => Number(step.dataset.real);
  const go = (player, wanted) => {
    active = player;
    put(player, wanted);
    const here = player.steps[player.at];
    if (together && together.checked) {
      players.filter((other) => other !== player).forEach((other) => {
        const same = other.steps.findIndex((step) => real(step) >= real(here));
        put(other, same < 0 ? other.steps.length - 1 : same);
      });
    }
    history.replaceState(null, "", `#${here.id}`);
  };
  const find = (id) => {
    for (const player of players) {
      const at = player.steps.findIndex((step) => step.id === id);
      if (at >= 0) return [player, at];
    }
    return null;
  };
  players.forEach((player) => {
    put(player, 0);
    player.previous.addEventListener("click", () => go(player, player.at - 1));
    player.next.addEventListener("click", () => go(player, player.at + 1));
    player.root.addEventListener("pointerdown", () => { active = player; });
    player.root.querySelectorAll(".strip a, a.goto").forEach((link) => link.addEventListener("click", (event) => {
      const found = find(link.hash.slice(1));
      if (found === null) return;
      event.preventDefault();
      go(...found);
    }));
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const inside = event.target instanceof Element ? event.target.closest(".wide, pre, input") : null;
    if (inside && (inside.tagName === "INPUT" || inside.scrollWidth > inside.clientWidth)) return;
    const wanted = { ArrowLeft: active.at - 1, ArrowRight: active.at + 1, Home: 0, End: active.steps.length - 1 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    go(active, wanted);
  });
  const follow = () => {
    const found = find(location.hash.slice(1));
    if (found !== null) go(...found);
  };
  window.addEventListener("hashchange", follow);
  document.documentElement.classList.add("stepping");
  follow();
})();
