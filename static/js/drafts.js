/** Drafts of fields with data-draft-key: kept every 3 s, restored into an empty field, offered beside a filled one. */
import { newId } from "./composer.js";
import { dropDraft, dropOthersDrafts, keepDraft, keysSentAs, markSent, readDraft } from "./draft-store.js";

const EVERY_MS = 3000;
const known = new Map(); // field -> what was last kept

/** What would be lost: posts still on their way (thread-sending.js) and what stands in the field. */
const unsaved = (area) => [area.dataset.outgoing, area.value].filter(Boolean).join("\n\n");

export function startDrafts() {
  if (!document.documentElement.dataset.person) return;
  dropOthersDrafts();
  settleSent();
  for (const area of document.querySelectorAll("[data-draft-key]")) adoptDraft(area);
  window.setInterval(keepAll, EVERY_MS);
  window.addEventListener("pagehide", keepAll);
  document.addEventListener("submit", (event) => {
    const areas = event.defaultPrevented ? [] : [...event.target.querySelectorAll("[data-draft-key]")];
    if (!areas.length) return;
    keepAll();
    const name = newId();
    markSent(name, areas.map((area) => area.dataset.draftKey));
    nameForm(event.target, name);
    for (const area of areas) known.delete(area); // nothing of this page may write the draft again
  });
}

/** The portal says this name on the next page if it has stored what the form holds. */
function nameForm(form, name) {
  const field = form.querySelector("input[name=draft_sent]") ?? document.createElement("input");
  Object.assign(field, { type: "hidden", name: "draft_sent", value: name });
  form.append(field);
}

/** What the portal has stored is no draft any more, unless its form came back filled in. */
function settleSent() {
  for (const { content } of document.querySelectorAll("meta[name=portal-arrived]")) {
    for (const key of keysSentAs(content)) {
      const back = document.querySelector(`textarea[data-draft-key="${CSS.escape(key)}"]`);
      if (!back?.value.trim()) dropDraft(key);
    }
  }
}

/** Start to keep a field, and give it its draft. */
export function adoptDraft(area) {
  const draft = readDraft(area.dataset.draftKey);
  known.set(area, area.value);
  if (!draft || draft === area.value) return;
  if (!area.value.trim()) {
    area.value = draft;
    known.set(area, draft);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    note(area, "draft-restored");
  } else note(area, "draft-offered", draft);
}

/** The text has arrived: no draft any more. */
export function clearDraft(area) {
  dropDraft(area.dataset.draftKey);
  area.form?.querySelector(".draft-note")?.remove();
  known.set(area, unsaved(area));
}

/** Keep what stands in the fields now: before they go away. */
export function keepAll() {
  for (const [area, kept] of known) {
    if (!area.isConnected) known.delete(area);
    else if (unsaved(area) !== kept) {
      keepDraft(area.dataset.draftKey, unsaved(area));
      known.set(area, unsaved(area));
    }
  }
}

function note(area, template, draft = "") {
  const line = document.getElementById(template).content.firstElementChild.cloneNode(true);
  (area.closest(".writing") ?? area).after(line);
  line.querySelector("[data-draft-drop]").addEventListener("click", () => {
    if (!draft) set(area, "");
    dropDraft(area.dataset.draftKey);
    line.remove();
    area.focus();
  });
  line.querySelector("[data-draft-take]")?.addEventListener("click", () => {
    set(area, draft);
    line.remove();
    area.focus();
  });
}

function set(area, text) {
  area.value = text;
  known.set(area, text);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
