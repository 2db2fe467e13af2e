/**
 * The numbers of the frame, live: unread posts of each group, the bell, and the number in the title.
 *
 * The server sends {topic, threads: [[group, thread, unread]], notices}: numbers and ids, and only when they have changed. Of
 * the thread that is looked at nothing is counted: it is being read.
 */
const ATTEMPTS = 6; // after that the page rests until the session or the network says that it is back
const AGAIN_MS = 5_000;

/** @param {import("socket.io-client").Socket} socket the page's own, whatever else it listens to */
export function showCounts(socket) {
  const person = document.documentElement.dataset.person;
  const topic = `person:${person}`;
  socket.on("connect", () => socket.emit("watch", { topic }));
  socket.on("counts", (event) => { if (event.topic === topic) show(event); });
}

/** A page without a socket of its own gets one when it has come to rest. */
export function startCounts() {
  if (!document.documentElement.dataset.person || document.querySelector("[data-thread]")) return;
  const start = () => window.requestIdleCallback?.(open) ?? window.setTimeout(open, 1_000);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start, { once: true });
}

async function open() {
  let part;
  try {
    part = await import("./socket.js");
  } catch { // no contact just now
    document.addEventListener("portal:contact-back", open, { once: true });
    return;
  }
  const socket = part.openSocket({ reconnectionAttempts: ATTEMPTS });
  showCounts(socket);
  const again = () => { if (!socket.connected) socket.connect(); };
  socket.on("disconnect", (reason) => {
    if (reason === "io server disconnect") window.setTimeout(again, AGAIN_MS * (1 + Math.random())); // rights have changed
  });
  document.addEventListener("portal:session-back", again);
  document.addEventListener("portal:contact-back", again);
  window.addEventListener("pagehide", () => socket.disconnect());
  window.addEventListener("pageshow", (event) => { if (event.persisted) again(); });
}

function show({ threads, notices }) {
  const isLookedAt = document.visibilityState === "visible";
  const here = isLookedAt ? document.querySelector("[data-thread]")?.dataset.topic : null;
  const counted = threads.filter(([, thread]) => `thread:${thread}` !== here);
  const groups = new Map();
  for (const [group, , unread] of counted) groups.set(group, (groups.get(group) ?? 0) + unread);
  for (const row of document.querySelectorAll("[data-group-count]")) {
    write(row, groups.get(Number(row.dataset.groupCount)) ?? 0, row.dataset.text);
  }
  const bell = document.querySelector("[data-bell]");
  if (bell) {
    bell.querySelector(".bell-dot").hidden = !notices;
    const { none, one, text } = bell.dataset;
    bell.querySelector("[data-bell-text]").textContent = [none, one][notices] ?? text.replace("{n}", notices);
  }
  const total = counted.reduce((sum, [, , unread]) => sum + unread, 0);
  document.title = document.title.replace(/^\(\d+\) /, "").replace(/^/, total ? `(${total}) ` : "");
}

/** As `count()` in components/labels.html. */
function write(place, number, text) {
  if (!number) {
    place.replaceChildren();
    return;
  }
  const words = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: ` ${text}` });
  const shown = Object.assign(document.createElement("span"), { className: "count", textContent: String(number) });
  shown.append(words);
  place.replaceChildren(shown);
}
