/** Date polls: the result comes anew while people answer, and the form of a new poll gets more rows without leaving the page. */
import { parts } from "./net.js";
import { ThreadFeed } from "./thread-live.js";

const page = document.querySelector("[data-poll]");
if (page) follow();
const rows = document.querySelector("[data-poll-rows]");
if (rows) {
  rows.querySelector("[data-poll-more]").addEventListener("click", addRow);
  rows.addEventListener("change", nameHoliday);
}

function follow() {
  const status = page.querySelector("[data-poll-status]");
  const feed = new ThreadFeed({
    topic: page.dataset.topic,
    postsUrl: page.dataset.partsUrl,
    lastSeq: Number(page.dataset.lastSeq),
    onPosts: (html) => {
      const fresh = [...parts(html).children].findLast((part) => part.id === "poll-result");
      if (!fresh) return;
      replace(document.getElementById("poll-result"), fresh);
      status.textContent = "";
      window.setTimeout(() => { status.textContent = status.dataset.text; }, 100);
    },
    onPresence: () => {},
    onTyping: () => {},
    onGone: () => window.location.reload(),
  });
  feed.start();
}

/** The new result in the old one's place; what was opened stays open, and the focus stays where it was. */
function replace(old, fresh) {
  const open = [...old.querySelectorAll("details[open][id]")].map((details) => details.id);
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused?.closest("[id]")?.id;
  old.replaceWith(fresh);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (!focused) return;
  const same = focused.matches("button") ? `button[value="${focused.value}"]` : `#${place} > summary`;
  fresh.querySelector(same)?.focus();
}

/** Beside a day that is a holiday stands which one. */
function nameHoliday(event) {
  if (event.target.type !== "date") return;
  const names = JSON.parse(rows.dataset.holidays);
  event.target.closest(".poll-time").querySelector(".poll-holiday").textContent = names[event.target.value] ?? "";
}

/** One more row like the last one, with its times and without its date. */
function addRow(event) {
  const all = rows.querySelectorAll(".poll-time");
  const last = all[all.length - 1];
  if (all.length >= 60) return;
  event.preventDefault();
  const row = last.cloneNode(true);
  const number = all.length;
  const renumber = (text) => text.replace(/options-\d+/g, `options-${number}`);
  for (const part of row.querySelectorAll("[id], [for], [name]")) {
    for (const name of ["id", "for", "name"]) if (part.hasAttribute(name)) part.setAttribute(name, renumber(part.getAttribute(name)));
  }
  for (const error of row.querySelectorAll(".field-error")) error.remove();
  row.querySelector(".poll-holiday").textContent = "";
  for (const field of row.querySelectorAll("input")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    if (field.type === "date") field.value = "";
    else field.value = last.querySelector(`[name="${field.name.replace(`options-${number}`, last.querySelector("input").name.match(/options-\d+/)[0])}"]`).value;
  }
  const say = (text) => text.replace(/\d+/, String(number + 1));
  row.setAttribute("aria-label", say(row.getAttribute("aria-label")));
  for (const hidden of row.querySelectorAll(".visually-hidden")) hidden.textContent = say(hidden.textContent);
  last.after(row);
  row.querySelector("input").focus();
}
