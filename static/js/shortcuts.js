/**
 * Keys: `?` list, j/k next and previous row or post (j after a thread's last post: the next unread thread), n next unread, r reply, g then i/k/b/l to a page.
 * Single letters rest in fields, in open dialogs, with a modifier, and when the person has switched them off in this browser.
 */
const SWITCH = "portal:single-keys-off";
const WAIT_FOR_SECOND_MS = 1200;

export function startShortcuts() {
  const dialog = document.querySelector("dialog[data-shortcuts]");
  if (!dialog) return;
  const toggle = dialog.querySelector("[data-single-keys]");
  toggle.checked = window.localStorage.getItem(SWITCH) === null;
  toggle.addEventListener("change", () => {
    if (toggle.checked) window.localStorage.removeItem(SWITCH);
    else window.localStorage.setItem(SWITCH, "1");
  });
  for (const opener of document.querySelectorAll("[data-shortcuts-open]")) opener.addEventListener("click", () => dialog.showModal());

  let afterG = 0;
  const keys = { "?": () => dialog.showModal(), j: () => step(1), k: () => step(-1), n: nextUnread, r: reply };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!toggle.checked || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const second = event.timeStamp - afterG < WAIT_FOR_SECOND_MS && dialog.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    afterG = event.key === "g" ? event.timeStamp : 0;
    if (second) second.click();
    else if (Object.hasOwn(keys, event.key)) keys[event.key]();
    else return;
    event.preventDefault();
  });
}

function isTyping(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");
}

function focusRow(row) {
  const target = row?.querySelector("[data-row-link]") ?? row;
  target?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const rows = [...document.querySelectorAll("main [data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (by > 0 && at >= 0 && at === rows.length - 1) return goOn();
  focusRow(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]);
}

/** To the next thread with something unread, if the page knows of one. */
function goOn() {
  document.querySelector("[data-next-unread]")?.click();
}

function nextUnread() {
  const divider = document.querySelector(".new-divider");
  const unread = [...document.querySelectorAll("main .is-unread[data-row]")];
  if (divider) return focusRow(divider.nextElementSibling);
  if (!unread.length) return goOn();
  const at = unread.findIndex((row) => row.contains(document.activeElement));
  return focusRow(unread[(at + 1) % unread.length]);
}

function reply() {
  document.querySelector("form[data-composer] textarea")?.focus();
}
