/**
 * The page of a meeting: its agenda comes anew while somebody prepares it, and items are moved by dragging or with
 * Alt+arrow. Without this script the buttons "Move up" and "Move down" do the same.
 */
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";
import { ThreadFeed } from "./thread-live.js";

const place = document.querySelector("[data-agenda]");
if (place) start();

function start() {
  let dragged = null;

  async function refresh() {
    if (dragged) return;
    const focus = document.activeElement?.closest?.("[data-agenda] tr")?.dataset.item;
    const answer = await quietly(() => fetchPart(place.dataset.url));
    if (!answer?.ok) return;
    place.replaceChildren(...parts(await answer.text()).childNodes);
    prepare();
    if (focus) place.querySelector(`tr[data-item="${focus}"] .grip`)?.focus();
  }

  async function quietly(action) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof NoContact || error instanceof SessionEnded) return null; // the page says so
      throw error;
    }
  }

  async function move(row, spot) {
    const form = row.querySelector("form[data-move]");
    const body = new FormData();
    body.set("csrf_token", form.elements.namedItem("csrf_token").value);
    body.set("place", String(spot));
    await quietly(() => fetchPart(form.action, { method: "POST", body }));
    await refresh();
  }

  const rows = () => [...place.querySelectorAll("tbody[data-sortable] tr")];

  /** A handle on each row: to drag, and for the keys. */
  function prepare() {
    const pattern = document.getElementById("grip").content.firstElementChild;
    for (const row of rows()) {
      if (!row.querySelector("form[data-move]")) continue;
      const grip = pattern.cloneNode(true);
      grip.setAttribute("aria-label", `${pattern.title}: ${row.querySelector(".row-title").textContent}`);
      row.querySelector("td.no").append(grip);
      grip.addEventListener("keydown", (event) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        move(row, rows().indexOf(row) + 1 + step);
      });
      grip.addEventListener("pointerdown", () => { row.draggable = true; });
      grip.addEventListener("pointerup", () => { row.draggable = false; });
      row.addEventListener("dragstart", (event) => {
        dragged = row;
        event.dataTransfer.effectAllowed = "move";
        row.classList.add("is-dragged");
      });
      row.addEventListener("dragend", () => {
        row.classList.remove("is-dragged");
        row.draggable = false;
        const spot = rows().indexOf(row) + 1;
        dragged = null;
        move(row, spot);
      });
      row.addEventListener("dragover", (event) => {
        if (!dragged || dragged === row) return;
        event.preventDefault();
        const box = row.getBoundingClientRect();
        row[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
      });
    }
  }

  prepare();
  const feed = new ThreadFeed({
    topic: place.dataset.topic,
    postsUrl: place.dataset.url,
    lastSeq: Number(place.dataset.lastSeq),
    onPosts: () => refresh(),
    onPresence: () => {},
    onTyping: () => {},
    onGone: () => window.location.reload(),
  });
  feed.start();
}
