/**
 * The editor of minutes. Typed text goes into the journal at once, then to the portal as one writes; what has not arrived is
 * sent again until it has. A conflict is shown side by side and nothing is overwritten until the writer has chosen.
 *
 * The server takes a save on revision N if N is the newest, or if everything after N came from this same editor (an answer
 * that got lost). Answers: 204 saved (X-Revision, X-Saved-At), 409 somebody else's text, 422 the guard's finds.
 */
import { newId } from "./composer.js";
import { startGuard } from "./guard-ui.js";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";
import * as journal from "./note-journal.js";

const PAUSE_MS = 1_200; // after the last key
const LONGEST_MS = 4_000; // while somebody writes without a pause
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

let key = journal.editorKey(newId);
const held = journal.holdName(key).then((isOurs) => {
  if (isOurs) return key;
  key = newId(); // a duplicated tab: it writes under a name of its own
  window.sessionStorage.setItem("note-editor", key);
  return journal.holdName(key).then(() => key);
});

/** Go on as the editor that left a text behind: the server then knows what it saved before it went. */
async function takeName(name) {
  if (!(await journal.holdName(name))) return;
  key = name;
  window.sessionStorage.setItem("note-editor", key);
}

export class NoteEditor {
  /** @param {HTMLFormElement} form with data-editor; `onTyping` is called as somebody writes */
  constructor(form, { onTyping }) {
    this.form = form;
    this.item = form.dataset.item;
    this.area = form.querySelector("textarea");
    this.state = form.querySelector("[data-save-state]");
    this.refused = form.querySelector("[data-editor-refused]");
    this.base = Number(form.dataset.revision);
    this.stored = this.area.value; // what the server is known to hold at `base`
    this.tries = 0;
    this.isBlocked = false; // waits for the writer: a conflict or the guard
    this.onTyping = onTyping;
    this.area.addEventListener("input", () => this.typed());
    form.addEventListener("submit", (event) => { event.preventDefault(); this.isBlocked &&= Boolean(this.conflict); this.save(); });
    for (const event of ["portal:contact-back", "portal:session-back", "online"]) this.listen(document, event);
    this.listen(window, "online");
    this.ready = held.then(() => this.restore());
  }

  listen(target, event) {
    const again = () => { if (!this.form.isConnected) target.removeEventListener(event, again); else if (this.isDirty) this.save(); };
    target.addEventListener(event, again);
  }

  get isDirty() {
    return this.area.value !== this.stored;
  }

  /** What was written and never arrived comes back: this tab's own, and what a tab left that is gone. */
  async restore() {
    const orphans = await journal.orphans(this.item, key);
    if (orphans.length === 1 && !journal.read(this.item, key)) await takeName(orphans[0].key);
    const own = journal.read(this.item, key);
    const left = [...(own ? [{ key, ...own }] : []), ...orphans.filter((entry) => entry.key !== key)];
    const typedMeanwhile = this.isDirty;
    for (const entry of left) {
      if (entry.text === this.stored) journal.drop(this.item, entry.key);
      else if (!typedMeanwhile && !this.isDirty) this.adopt(entry);
      else if (!this.area.value.includes(entry.text)) {
        this.put(`${this.area.value}\n\n${entry.text}`);
        if (entry.key !== key) journal.drop(this.item, entry.key);
      } else if (entry.key !== key) journal.drop(this.item, entry.key);
    }
  }

  adopt(entry) {
    this.base = entry.base;
    this.put(entry.text);
    if (entry.key !== key && journal.read(this.item, key)) journal.drop(this.item, entry.key);
  }

  put(text) {
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  typed() {
    this.isKept = journal.write(this.item, key, this.area.value, this.base);
    this.onTyping();
    if (this.isBlocked && !this.conflict) this.isBlocked = false; // the guard looks again at what was changed
    if (this.isBlocked) return;
    if (!this.isDirty) return;
    this.say("Saving");
    const now = performance.now();
    this.since ??= now;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), Math.max(0, Math.min(PAUSE_MS, this.since + LONGEST_MS - now)));
  }

  say(what, time = "") {
    const text = this.state.dataset[`text${what}`].replace("{time}", time);
    this.state.setAttribute("aria-live", what === "Saving" || what === "Saved" ? "off" : "polite"); // only trouble is spoken
    if (this.state.textContent !== text) this.state.textContent = text;
    this.state.dataset.state = what.toLowerCase();
  }

  /** Send what stands here. @returns {Promise<boolean>} whether the server holds all of it now */
  async save() {
    window.clearTimeout(this.timer);
    this.since = undefined;
    if (this.saving) {
      this.again = true;
      return this.saving;
    }
    if (!this.isDirty) return true;
    if (this.isBlocked) return false;
    this.saving = this.send(this.area.value).finally(() => { this.saving = undefined; });
    const isDone = await this.saving;
    if (this.again && this.isDirty && isDone) {
      this.again = false;
      return this.save();
    }
    this.again = false;
    return isDone && !this.isDirty;
  }

  async send(text) {
    await held;
    this.say("Saving");
    const body = new FormData(this.form);
    body.set("text", text);
    body.set("based_on", String(this.base));
    body.set("writer_key", key);
    let answer;
    try {
      answer = await fetchPart(this.form.action, { method: "POST", body });
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
      return this.later(error instanceof SessionEnded ? "Session" : "Waiting");
    }
    if (answer.status === 204) return this.saved(text, answer);
    const html = await answer.text().catch(() => null);
    if (html === null) return this.later("Waiting");
    if (answer.status === 409 && answer.headers.has("X-Revision")) return this.refuse("Conflict", html, Number(answer.headers.get("X-Revision")));
    if (answer.status === 422) return this.refuse("Refused", html);
    if (answer.status === 400) { // the form's token belongs to a session that is over
      document.dispatchEvent(new CustomEvent("portal:session-ended"));
      return this.later("Session");
    }
    if (answer.status < 500 && answer.status !== 429) return this.refuse("Refused", html); // sealed meanwhile, or no longer theirs to write
    return this.later("Waiting");
  }

  saved(text, answer) {
    this.tries = 0;
    this.base = Number(answer.headers.get("X-Revision"));
    this.stored = text;
    this.form.querySelector("input[name=based_on]").value = String(this.base);
    if (this.isDirty) journal.write(this.item, key, this.area.value, this.base);
    else journal.drop(this.item, key);
    this.refused.replaceChildren();
    this.say("Saved", answer.headers.get("X-Saved-At"));
    if (this.isDirty) this.typed();
    return true;
  }

  /** Not now: the journal has it; try again by and by, and at once when contact or session are back. */
  later(why) {
    this.say(this.isKept === false ? "Unkept" : why);
    window.clearTimeout(this.timer);
    if (!this.isBlocked && why !== "Session") {
      this.timer = window.setTimeout(() => { if (this.form.isConnected) this.save(); }, RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
      this.tries += 1;
    }
    return false;
  }

  refuse(what, html, revision) {
    this.isBlocked = true;
    this.refused.replaceChildren(...parts(html).childNodes);
    this.say(what);
    this.conflict = what === "Conflict" ? this.refused.querySelector("[data-conflict]") : null;
    if (this.conflict) this.offer(revision, this.conflict.querySelector("[data-theirs]").textContent);
    else startGuard(this.form);
    (this.refused.querySelector("[data-guard], [data-conflict]") ?? this.area).focus();
    return false;
  }

  offer(revision, theirs) {
    const choose = (text) => {
      this.base = revision;
      this.stored = theirs;
      this.conflict = null;
      this.isBlocked = false;
      this.refused.replaceChildren();
      this.put(text);
      this.area.focus();
      if (!this.isDirty) {
        journal.drop(this.item, key);
        this.say("Saved", "");
      } else this.save();
    };
    const mine = this.area;
    this.conflict.querySelector("[data-choose=mine]").addEventListener("click", () => choose(mine.value));
    this.conflict.querySelector("[data-choose=theirs]").addEventListener("click", () => choose(theirs));
    this.conflict.querySelector("[data-choose=both]").addEventListener("click", () => choose(`${theirs}\n\n${mine.value}`));
  }

  /** Somebody else saved this item: take it over if nothing here is unsaved; otherwise the next save finds the conflict. */
  async others(revision, writer) {
    if (revision <= this.base || writer === key || this.isDirty || this.saving) return;
    const answer = await fetchPart(this.form.action);
    if (!answer.ok) return;
    const text = await answer.text();
    if (this.isDirty || this.saving) return;
    this.base = Number(answer.headers.get("X-Revision"));
    this.stored = text;
    this.area.value = text;
  }
}
