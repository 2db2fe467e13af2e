/**
 * The draft of a thread's composer on all devices of the person: sent to the portal when the keys rest, together with the
 * posts that have not arrived. What another device saved later stands in an empty field, and is offered beside a filled
 * one; until its writer has chosen, neither text overwrites the other.
 */
import { keepDraft, readDraft } from "./draft-store.js";
import { NoContact, SessionEnded, fetchPart } from "./net.js";

const REST_MS = 2_000;
const EVERY_MS = 8_000;

/** @param {{unsent: () => string, noteDraft: (revision: number) => void}} sending */
export function startSharedDraft(thread, sending) {
  const place = thread.querySelector("[data-composer-place]");
  const area = () => place?.querySelector("form[data-composer] textarea");
  if (!area()) return;
  const own = `shared:${area().dataset.draftKey}`; // when this browser saved the draft last
  let { sharedDraft: kept = "", sharedRevision: revision = 0 } = area().dataset;
  let timer = 0;
  let savedAt = -Infinity;
  let offered = null; // {draft, line}: nothing is saved before it has been chosen or left
  const { sharedAt, sharedTime } = area().dataset;
  if (kept && readDraft(own) !== sharedAt && text() !== kept) offer({ body: kept, revision, time: sharedTime });
  else know(revision);
  place.addEventListener("input", saveSoon);
  place.addEventListener("submit", () => { if (!offered) thread.querySelector("[data-draft-line]")?.remove(); });
  thread.addEventListener("portal:post-arrived", ({ detail }) => {
    if (detail.draft === String(revision)) { // forgotten with the post
      kept = "";
      know(0);
    }
    saveSoon();
  });

  function text() {
    return [sending.unsent(), area()?.value ?? ""].filter((part) => part.trim()).join("\n\n");
  }

  function know(number) {
    revision = number;
    sending.noteDraft(revision);
  }

  function saveSoon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, Math.max(REST_MS, savedAt + EVERY_MS - performance.now()));
  }

  /** Another device's draft: into an empty field at once, beside a filled one by choice. */
  function offer(draft) {
    thread.querySelector("[data-draft-line]")?.remove();
    const line = thread.querySelector("template[data-draft-elsewhere]").content.firstElementChild.cloneNode(true);
    const words = line.querySelector("[data-text]");
    words.textContent = words.dataset.text.replace("{time}", draft.time);
    const choose = () => {
      offered = null;
      kept = draft.body;
      know(draft.revision);
      for (const button of line.querySelectorAll("button")) button.remove();
      saveSoon();
    };
    const take = () => {
      const written = area().value;
      area().value = !written.trim() || draft.body.includes(written.trim()) ? draft.body : `${written}\n\n${draft.body}`;
      choose();
      area().dispatchEvent(new Event("input", { bubbles: true }));
    };
    line.querySelector("[data-take]").addEventListener("click", () => { take(); area().focus(); });
    line.querySelector("[data-leave]").addEventListener("click", () => { choose(); line.remove(); area().focus(); });
    offered = { draft, line };
    (area().closest(".writing") ?? area()).after(line);
    if (!area().value.trim()) take();
  }

  async function save() {
    const body = text();
    if (!area()) return;
    if (offered && !offered.line.isConnected) offer(offered.draft); // a refused post brought a new composer
    if (offered || body === kept) return;
    savedAt = performance.now();
    const form = new FormData();
    form.set("csrf_token", document.querySelector("input[name=csrf_token]")?.value ?? "");
    form.set("body", body);
    form.set("based_on", revision);
    try {
      const answer = await fetchPart(thread.dataset.draftUrl, { method: "POST", body: form });
      if (!answer.ok && answer.status !== 409) return; // it is still kept in this browser
      const draft = await answer.json();
      if (answer.status === 409) {
        if (area()) offer(draft);
        return;
      }
      kept = body;
      know(draft.revision);
      keepDraft(own, draft.saved_at);
      if (text() !== body) saveSoon();
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded || error instanceof SyntaxError)) throw error;
    }
  }
}
