/**
 * Drafts of fields with data-draft-key: kept every 3 s, restored into an empty field, offered beside a filled one. Controls of
 * the same form with data-draft-with (a tick, a kind) belong to the text: without them it would be published as something
 * else. They come back with it, are told of, and go when the text that they came with is taken away.
 */
import { newId } from "./composer.js";
import { dropDraft, dropOthersDrafts, keepDraft, keysSentAs, markSent, readChoices, readDraft } from "./draft-store.js";

const EVERY_MS = 3000;
const known = new Map(); // field -> what was last kept
const broughtBack = new WeakSet(); // fields whose choices came with a draft

/** What would be lost: posts still on their way (thread-sending.js) and what stands in the field. */
const unsaved = (area) => [area.dataset.outgoing, area.value].filter(Boolean).join("\n\n");

const controls = (area) => [...(area.form?.querySelectorAll("[data-draft-with]") ?? [])];
const isTick = (control) => control.type === "checkbox";
const choicesOf = (area) => controls(area).map((control) => [control.name, isTick(control) ? control.checked : control.value]);
const lookOf = (area, text) => JSON.stringify([text, choicesOf(area)]);

export function startDrafts() {
  if (!document.documentElement.dataset.person) return;
  dropOthersDrafts();
  settleSent();
  for (const area of document.querySelectorAll("[data-draft-key]")) adoptDraft(area);
  window.setInterval(keepAll, EVERY_MS);
  window.addEventListener("pagehide", keepAll);
  document.addEventListener("input", ({ target }) => { if (!target.value?.trim() && broughtBack.delete(target)) forgetChoices(target); });
  document.addEventListener("submit", (event) => {
    const areas = event.defaultPrevented ? [] : [...event.target.querySelectorAll("[data-draft-key]")];
    if (!areas.length) return;
    keepAll();
    const name = newId();
    markSent(name, areas.map((area) => area.dataset.draftKey));
    nameForm(event.target, name);
  });
}

/** The portal says this name on the next page if it has stored what the form holds. */
function nameForm(form, name) {
  const field = form.querySelector("input[name=draft_sent]") ?? document.createElement("input");
  Object.assign(field, { type: "hidden", name: "draft_sent", value: name });
  form.append(field);
}

/** What the portal has stored is no draft any more, unless its form came back filled in. */
export function settleSent(page = document) {
  for (const { content } of page.querySelectorAll("meta[name=portal-arrived]")) {
    for (const key of keysSentAs(content)) {
      const back = document.querySelector(`textarea[data-draft-key="${CSS.escape(key)}"]`);
      if (!back?.value.trim()) dropDraft(key);
    }
  }
}

/** Start to keep a field, and give it its draft. */
export function adoptDraft(area) {
  const draft = readDraft(area.dataset.draftKey);
  known.set(area, lookOf(area, area.value));
  if (!draft || draft === area.value) return;
  if (!area.value.trim()) {
    set(area, draft);
    bringBack(area);
    note(area, "draft-restored");
  } else note(area, "draft-offered", draft);
}

/** The text has arrived: no draft any more. */
export function clearDraft(area) {
  dropDraft(area.dataset.draftKey);
  area.form?.querySelector(".draft-note")?.remove();
  known.set(area, lookOf(area, unsaved(area)));
}

/** Keep what stands in the fields now: before they go away. */
export function keepAll() {
  for (const [area, kept] of known) {
    if (!area.isConnected) known.delete(area);
    else if (lookOf(area, unsaved(area)) !== kept) keepField(area, unsaved(area));
  }
}

export function keepField(area, text) {
  keepDraft(area.dataset.draftKey, text, choicesOf(area));
  known.set(area, lookOf(area, text));
}

/** The choices of the draft that was just put into the field. */
function bringBack(area) {
  const kept = new Map(readChoices(area.dataset.draftKey));
  for (const control of controls(area)) {
    if (!kept.has(control.name)) continue;
    if (isTick(control)) control.checked = kept.get(control.name) === true;
    else if ([...control.options].some(({ value }) => value === kept.get(control.name))) control.value = kept.get(control.name);
  }
  broughtBack.add(area);
  known.set(area, lookOf(area, area.value));
}

/** Another text must not become what the one before was meant to be. */
function forgetChoices(area) {
  for (const control of controls(area)) {
    if (isTick(control)) control.checked = control.defaultChecked;
    else control.value = [...control.options].find(({ defaultSelected }) => defaultSelected)?.value ?? control.options[0].value;
  }
}

function note(area, template, draft = "") {
  const line = document.getElementById(template).content.firstElementChild.cloneNode(true);
  (area.closest(".writing") ?? area).after(line);
  tellTicks(area, line);
  line.querySelector("[data-draft-drop]").addEventListener("click", () => {
    if (!draft) set(area, "");
    dropDraft(area.dataset.draftKey);
    line.remove();
    area.focus();
  });
  line.querySelector("[data-draft-take]")?.addEventListener("click", () => {
    set(area, draft);
    bringBack(area);
    line.remove();
    area.focus();
  });
}

/** What is ticked beside the text again. */
function tellTicks(area, line) {
  const place = line.querySelector("[data-ticked]");
  const ticked = controls(area).filter((control) => isTick(control) && control.checked).map(({ labels }) => labels[0].textContent.trim());
  if (!place || !ticked.length) return;
  place.textContent = place.dataset.ticked.replace("{names}", ticked.join(", "));
  place.hidden = false;
}

function set(area, text) {
  area.value = text;
  known.set(area, lookOf(area, text));
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
