/**
 * Ctrl+K: suggestions while typing, arrow keys, Enter, Esc. The list is `/search?q=…&fragment=1` (links with
 * role="option"); Enter without a chosen row, or without this script, is the plain search page.
 */
import { NoContact, SessionEnded, fetchPart } from "./net.js";

const PAUSE_MS = 180;
const SHORTEST = 2;

export function startSearchWindow() {
  const dialog = document.querySelector("dialog[data-search-window]");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  const input = dialog.querySelector("input[name=q]");
  const list = dialog.querySelector("[role=listbox]");
  const status = dialog.querySelector("[data-search-status]");
  let timer = 0;
  let running = new AbortController();

  const rows = () => [...list.querySelectorAll("[role=option]")];

  function choose(row) {
    for (const other of rows()) other.setAttribute("aria-selected", String(other === row));
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show(html) {
    list.innerHTML = html;
    const found = rows();
    found.forEach((row, index) => { row.id = `found-${index}`; });
    input.setAttribute("aria-expanded", String(found.length > 0));
    choose(found[0] ?? null);
    return found.length;
  }

  async function ask() {
    running.abort();
    running = new AbortController();
    const q = input.value.trim();
    if (q.length < SHORTEST) {
      show("");
      status.textContent = "";
      return;
    }
    list.setAttribute("aria-busy", "true");
    try {
      const url = new URL(form.action, window.location.href);
      url.search = new URLSearchParams({ q, fragment: "1" }).toString();
      const answer = await fetchPart(url, { signal: running.signal });
      const count = show(answer.ok ? await answer.text() : "");
      status.textContent = answer.ok ? (count ? dialog.dataset.textHits.replace("{n}", count) : dialog.dataset.textNone) : dialog.dataset.textFailed;
    } catch (error) {
      if (error.name === "AbortError" || error instanceof SessionEnded) return;
      if (!(error instanceof NoContact)) throw error;
      status.textContent = dialog.dataset.textFailed;
    } finally {
      list.removeAttribute("aria-busy");
    }
  }

  input.addEventListener("input", () => {
    choose(null); // Enter goes to what is typed now, not to what was found for a part of it
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    const found = rows();
    const at = found.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (found.length) choose(found[(at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length]);
    } else if (event.key === "Escape") {
      event.preventDefault(); // the browser would empty the field first
      dialog.close();
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      found[at].click();
    }
  });

  function open() {
    if (dialog.open) return;
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    dialog.showModal();
    input.select();
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  for (const opener of document.querySelectorAll("[data-search-open]")) {
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      open();
    });
  }
}
