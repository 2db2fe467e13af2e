/**
 * Whoever types @ in a field with data-names is offered those who can be named: arrow keys choose, Enter or Tab takes, Esc
 * closes. Without scripts the name is written; the server finds it in the text.
 */
import { NoContact, SessionEnded, fetchPart } from "./net.js";

const TYPED = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}_.-]*(?: [\p{L}\p{N}_.-]*)?)$/u; // at most one space: first and last name
const WAIT_MS = 120;
let open = null; // {area, list, from, at}
let timer = 0;
let asked = 0;

export function startMentions() {
  document.addEventListener("input", ({ target }) => { if (target.matches?.("textarea[data-names]")) look(target); });
  document.addEventListener("keydown", keys, true); // before Esc closes anything else, and before Enter sends
  document.addEventListener("focusout", ({ target }) => { if (open?.area === target) window.setTimeout(close, 150); });
}

function look(area) {
  window.clearTimeout(timer);
  const typed = TYPED.exec(area.value.slice(0, area.selectionEnd));
  if (!typed) {
    close();
    return;
  }
  timer = window.setTimeout(() => ask(area, typed[1]), WAIT_MS);
}

async function ask(area, typed) {
  asked += 1;
  const mine = asked;
  const url = new URL(area.dataset.names, window.location.href);
  url.searchParams.set("q", typed);
  try {
    const answer = await fetchPart(url, { isByItself: true });
    const found = answer.ok ? await answer.json() : [];
    if (mine !== asked || document.activeElement !== area) return;
    if (found.length) show(area, area.selectionEnd - typed.length, found);
    else close();
  } catch (error) {
    if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the page says it
  }
}

function show(area, from, found) {
  close();
  const list = document.createElement("ul");
  list.className = "name-list";
  list.id = `${area.id}-names`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", area.dataset.namesLabel);
  for (const [index, { words, about }] of found.entries()) {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = words;
    const meta = document.createElement("span");
    meta.className = "meta";
    meta.textContent = about;
    item.append(name, " ", meta);
    item.dataset.words = words;
    item.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      take(index);
    });
    list.append(item);
  }
  (area.closest(".writing") ?? area).after(list);
  area.setAttribute("aria-controls", list.id);
  area.setAttribute("aria-autocomplete", "list");
  open = { area, list, from, at: 0 };
  mark(0);
}

function mark(at) {
  const items = [...open.list.children];
  open.at = (at + items.length) % items.length;
  for (const [index, item] of items.entries()) item.setAttribute("aria-selected", String(index === open.at));
  open.area.setAttribute("aria-activedescendant", items[open.at].id);
}

function keys(event) {
  if (!open || event.target !== open.area) return;
  const does = { ArrowDown: () => mark(open.at + 1), ArrowUp: () => mark(open.at - 1), Enter: () => take(open.at), Tab: () => take(open.at), Escape: close }[event.key];
  if (!does || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  does();
}

function take(index) {
  const { area, from, list } = open;
  const { words } = list.children[index].dataset;
  close();
  area.setRangeText(`${words} `, from, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function close() {
  window.clearTimeout(timer);
  asked += 1;
  if (!open) return;
  open.list.remove();
  for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) open.area.removeAttribute(name);
  open = null;
}
