/**
 * The page of a collection: its rows are moved by dragging or with the arrow keys on their handles. Without this script the
 * buttons "Move up" and "Move down" do the same.
 */
import { NoContact, SessionEnded, fetchPart } from "./net.js";

const list = document.querySelector("[data-sortable-rows]");
const pattern = document.getElementById("grip")?.content.firstElementChild;
if (list && pattern) start();

function start() {
  let dragged = null;
  let saving = Promise.resolve(); // one after the other: each says which row followed at its moment
  const rows = () => [...list.querySelectorAll(":scope > li[data-item]")];

  /** Tell the server which row follows now (0: none); who else moves rows meanwhile loses nothing. */
  function save(row) {
    const form = row.querySelector("form[data-move]");
    const body = new FormData();
    body.set("csrf_token", form.elements.namedItem("csrf_token").value);
    body.set("before", row.nextElementSibling?.dataset.item ?? "0");
    saving = saving.then(() => send(form, body));
    return saving;
  }

  async function send(form, body) {
    try {
      const answer = await fetchPart(form.action, { method: "POST", body });
      if (!answer.ok) window.location.reload(); // somebody has taken the row away: the page as it is now
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the page says so
      window.location.reload();
    }
  }

  async function step(row, down) {
    const beside = down ? row.nextElementSibling : row.previousElementSibling;
    if (!beside) return;
    beside[down ? "after" : "before"](row);
    row.querySelector(".grip").focus();
    await save(row);
  }

  for (const row of rows()) {
    const grip = pattern.cloneNode(true);
    grip.setAttribute("aria-label", `${pattern.title}: ${row.dataset.name}`);
    row.prepend(grip);
    grip.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      step(row, event.key === "ArrowDown");
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
      dragged = null;
      save(row);
    });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row) return;
      event.preventDefault();
      const box = row.getBoundingClientRect();
      row[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    });
  }
}
