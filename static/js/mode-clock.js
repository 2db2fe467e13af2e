/** The time of the current item, counted here; spoken at 5 minutes, 1 minute and when it is up, and never else. */
const SPOKEN = [[300, "textFive"], [60, "textOne"], [0, "textUp"]];

export function startClock(mode) {
  let clock = null;
  let began = 0;
  let left = 0;
  let before = Infinity;

  function look() {
    const found = mode.querySelector("[data-clock][data-runs]");
    if (found === clock) return;
    clock = found;
    began = performance.now();
    left = Number(clock?.dataset.left ?? 0);
    before = Infinity;
    tick();
  }

  function tick() {
    if (!clock?.isConnected) return;
    const rest = left - Math.floor((performance.now() - began) / 1000);
    const sign = rest < 0 ? "+" : "";
    const seconds = Math.abs(rest);
    clock.querySelector("[data-timer]").textContent = `${sign}${Math.floor(seconds / 60)}.${String(seconds % 60).padStart(2, "0")}`;
    clock.classList.toggle("is-over", rest < 0);
    const bar = clock.querySelector("[data-progress]");
    bar.value = bar.max - Math.max(rest, 0);
    const step = mode.querySelector(".timeline [data-progress]");
    if (step) step.value = step.max - Math.max(rest, 0);
    for (const [mark, text] of SPOKEN) if (before > mark && rest <= mark && before !== Infinity) mode.querySelector("[data-mode-status]").textContent = mode.dataset[text];
    before = rest;
  }

  window.setInterval(() => { look(); tick(); }, 1000);
  look();
  return { look };
}
