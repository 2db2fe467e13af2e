/**
 * The map and its table show the same: what is under the pointer or the keyboard in one is marked in the other. The map is one stop of
 * the Tab key; arrow keys go to the county that lies next in that direction, Home and End to the first and the last.
 */
const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function start(map) {
  const counties = [...map.querySelectorAll("[data-county]")];
  const table = document.querySelector("[data-county-table]");
  const twins = new Map([...(table?.querySelectorAll("tr[data-county]") ?? [])].map((row) => [row.dataset.county, row]));
  let current = map.querySelector(".county-own") ?? counties[0];
  const stopAt = (county) => {
    for (const one of counties) one.setAttribute("tabindex", one === county ? "0" : "-1");
    current = county;
  };
  stopAt(current);

  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = event.key === "Home" ? counties[0] : event.key === "End" ? counties.at(-1) : DIRECTIONS[event.key] && nearest(counties, current, DIRECTIONS[event.key]);
    if (!next) return;
    event.preventDefault();
    stopAt(next);
    next.focus();
  });
  map.addEventListener("focusin", (event) => {
    const county = event.target.closest("[data-county]");
    if (county) stopAt(county);
  });

  const mark = (code, isOn) => {
    twins.get(code)?.classList.toggle("is-marked", isOn);
    counties.find((one) => one.dataset.county === code)?.classList.toggle("is-marked", isOn);
  };
  for (const place of [map, table].filter(Boolean)) {
    for (const [name, isOn] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
      place.addEventListener(name, (event) => {
        const code = event.target.closest("[data-county]")?.dataset.county;
        if (code) mark(code, isOn);
      });
    }
  }
}

/** The county that lies nearest in a direction: what lies aside counts twice, and what lies far aside only where nothing else is. */
function nearest(counties, from, [dx, dy]) {
  const x = Number(from.dataset.x);
  const y = Number(from.dataset.y);
  const ways = counties.filter((county) => county !== from).map((county) => {
    const [toX, toY] = [Number(county.dataset.x) - x, Number(county.dataset.y) - y];
    return { county, ahead: toX * dx + toY * dy, aside: Math.abs(toX * dy) + Math.abs(toY * dx) };
  }).filter(({ ahead }) => ahead > 0);
  const straight = ways.filter(({ ahead, aside }) => aside <= 2 * ahead);
  const best = (straight.length ? straight : ways).sort((a, b) => a.ahead + 2 * a.aside - b.ahead - 2 * b.aside)[0];
  return best?.county;
}

for (const map of document.querySelectorAll("[data-county-map]")) start(map);
