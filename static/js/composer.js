/**
 * Composers: Ctrl+Enter sends; the button is aria-disabled while there is nothing to send or the guard blocks, and then
 * says why. Works for composers that come later (a refused post brings a new one).
 */
import { startGuard } from "./guard-ui.js";

const formOf = (target) => target.closest?.("form[data-composer]");
const sendButton = (form) => form.querySelector("[data-send]");
const isBlocked = (form) => form.hasAttribute("data-guard-blocked");
const isEmpty = (form) => !form.querySelector("textarea").value.trim();

export function startComposers() {
  for (const form of document.querySelectorAll("form[data-composer]")) prepare(form);
  for (const bar of document.querySelectorAll("markdown-toolbar")) bar.removeAttribute("tabindex");

  document.addEventListener("input", ({ target }) => { if (formOf(target)) refresh(formOf(target)); });
  document.addEventListener("portal:guard", ({ target }) => { if (formOf(target)) refresh(formOf(target)); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("textarea")) return;
    event.preventDefault();
    event.target.form?.requestSubmit();
  });
  // Capture: before thread-sending.js and before drafts.js see it.
  document.addEventListener("submit", (event) => {
    const form = formOf(event.target);
    if (!form || !(isEmpty(form) || isBlocked(form))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isBlocked(form)) form.querySelector("[data-guard]")?.focus();
    else form.querySelector("textarea").focus();
  }, true);
}

/** A composer that came with an answer. */
export function adoptComposer(form) {
  prepare(form);
  form.querySelector("markdown-toolbar")?.removeAttribute("tabindex");
  startGuard(form.parentNode);
}

function prepare(form) {
  form.noValidate = true; // an empty field makes the button inactive, without a message
  const id = form.elements.namedItem("client_id");
  if (id && !id.value) id.value = newId();
  refresh(form);
}

function refresh(form) {
  const button = sendButton(form);
  if (!button) return;
  button.toggleAttribute("aria-disabled", false);
  if (isEmpty(form) || isBlocked(form)) button.setAttribute("aria-disabled", "true");
  button.title = isBlocked(form) ? button.dataset.blockedReason : "";
}

/** A random UUID; crypto.randomUUID is missing where a demo runs without TLS. */
export function newId() {
  if (window.crypto.randomUUID) return window.crypto.randomUUID();
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
