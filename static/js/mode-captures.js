/**
 * What is added in meeting mode (decisions, actions, words to the secretary) on its way to the portal.
 *
 * It is in localStorage before it is sent: `capture:<person>:<client_id>`. It goes away only when the portal has answered that
 * it holds it, or the writer throws it away. What could not be sent is sent again by itself: the client_id makes it one,
 * however often, and from whichever tab.
 */
import { dropDraft, readDraft } from "./draft-store.js";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";

const START = `capture:${document.documentElement.dataset.person ?? ""}:`;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** What a form says, as an entry of the journal. */
export function entryOf(form, meeting, item) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  const drafts = [...form.querySelectorAll("[data-draft-key]")].map((field) => [field.dataset.draftKey, field.value]);
  const kind = form.id.replace("-form", "");
  return { id: form.elements.namedItem("client_id").value, meeting, item, kind, url: new URL(form.action).pathname, fields, drafts, text: drafts[0][1].trim(), at: Date.now() };
}

export class Captures {
  /**
   * `token` gives the page's form token, `onChange` is called when what waits has changed, `onArrived` when something arrived
   * that had waited.
   */
  constructor({ meeting, token, onChange, onArrived }) {
    Object.assign(this, { meeting, token, onChange, onArrived });
    this.unkept = new Map(); // what the browser could not keep: this page is the only place
    this.why = new Map(); // id -> {state, html}: how the last try ended
    this.onTheirWay = new Set(); // ids of what is sent for the first time just now: nobody is told that it waits
    this.tries = 0;
    for (const event of ["portal:contact-back", "portal:session-back"]) document.addEventListener(event, () => this.flush());
    window.addEventListener("online", () => this.flush());
    window.addEventListener("storage", (event) => { if (event.key?.startsWith(START)) this.onChange(); });
  }

  /** What waits of this meeting, the oldest first. */
  get waiting() {
    const kept = Object.keys(window.localStorage).filter((key) => key.startsWith(START)).map((key) => JSON.parse(window.localStorage.getItem(key)));
    return [...kept, ...this.unkept.values()].filter((entry) => entry.meeting === this.meeting).sort((a, b) => a.at - b.at);
  }

  keep(entry) {
    try {
      window.localStorage.setItem(START + entry.id, JSON.stringify(entry));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.unkept.set(entry.id, entry);
    }
  }

  drop(entry) {
    window.localStorage.removeItem(START + entry.id);
    this.unkept.delete(entry.id);
    this.why.delete(entry.id);
  }

  /** A draft that says what waits here already is no draft: it would be added twice. */
  settleDrafts() {
    for (const entry of this.waiting) for (const [key, text] of entry.drafts) if (readDraft(key) === text) dropDraft(key);
  }

  stateOf(entry) {
    return this.why.get(entry.id) ?? { state: this.unkept.has(entry.id) ? "unkept" : "waiting", html: "" };
  }

  /**
   * Keep an entry and send it.
   * @returns {Promise<{state: "done"|"waiting"|"session"|"refused", status?: number, html: string}>}
   */
  async add(entry) {
    this.onTheirWay.add(entry.id);
    this.keep(entry);
    return this.send(entry).finally(() => { this.onTheirWay.delete(entry.id); });
  }

  async send(entry) {
    const result = await this.post(entry);
    if (result.state === "done") this.drop(entry);
    else this.note(entry, result);
    return result;
  }

  note(entry, result) {
    this.why.set(entry.id, result.state === "waiting" && this.unkept.has(entry.id) ? { ...result, state: "unkept" } : result);
    if (result.state === "waiting") this.later();
  }

  async post(entry) {
    const body = new FormData();
    for (const [name, value] of [["csrf_token", this.token()], ...entry.fields]) body.append(name, value);
    try {
      const answer = await fetchPart(entry.url, { method: "POST", body });
      if (answer.ok) return { state: "done", html: "" };
      const html = await answer.text().catch(() => null);
      if (answer.status === 400) { // the form's token belongs to a session that is over
        document.dispatchEvent(new CustomEvent("portal:session-ended"));
        return { state: "session", html: "" };
      }
      if (html === null || answer.status >= 500 || answer.status === 429) return { state: "waiting", html: "" };
      return { state: "refused", status: answer.status, html };
    } catch (error) {
      if (error instanceof SessionEnded) return { state: "session", html: "" };
      if (error instanceof NoContact) return { state: "waiting", html: "" };
      throw error;
    }
  }

  later() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.flush(), RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
    this.tries += 1;
  }

  /** Send what waits, one after the other; what was refused waits for its writer. */
  async flush() {
    if (this.isFlushing) return;
    this.isFlushing = true;
    try {
      for (const entry of this.waiting) {
        if (this.why.get(entry.id)?.state === "refused" || this.onTheirWay.has(entry.id)) continue;
        const result = await this.send(entry);
        if (result.state === "done") this.onArrived();
        this.onChange();
        if (result.state === "waiting" || result.state === "session") return;
      }
      this.tries = 0;
    } finally {
      this.isFlushing = false;
    }
  }
}

/** Show what waits in its list, with what its writer can do about it. `onOpen` and `onDrop` are told the entry. */
export function showWaiting(list, captures, titleOf, { onOpen, onDrop }) {
  list.replaceChildren(...captures.waiting.filter((entry) => !captures.onTheirWay.has(entry.id)).map((entry) => {
    const row = list.parentNode.querySelector("template[data-waiting-row]").content.firstElementChild.cloneNode(true);
    const { state, status, html } = captures.stateOf(entry);
    const why = { waiting: entry.kind, session: "session", unkept: "unkept", refused: "refused" }[state];
    row.querySelector("[data-why]").textContent = list.dataset[`text${why[0].toUpperCase()}${why.slice(1)}`];
    row.querySelector("[data-what]").textContent = [titleOf(entry.item), entry.text].filter(Boolean).join(": ");
    row.querySelector("[data-reason]").textContent = state === "refused" && status !== 422 ? parts(html).textContent.trim() : "";
    const [open, drop] = [row.querySelector("[data-open]"), row.querySelector("[data-drop]")];
    open.hidden = state !== "refused" || status !== 422;
    drop.hidden = state !== "refused";
    open.addEventListener("click", () => onOpen(entry));
    drop.addEventListener("click", () => onDrop(entry));
    return row;
  }));
}
