/**
 * Sending a post by fetch. It stands in the thread at once ("Sending …"); the answer takes its place. A try that failed
 * keeps its client_id, so that sending twice makes one post. The guard's answer (422) is a new composer with the text.
 * Without contact, and where it comes too soon (429), a post waits and is sent by itself, also after a reload
 * (thread-outbox.js). Posts go in the order of writing; what failed, or is a day old, waits for its author's word.
 */
import { attachAll, giveFiles, isAttaching, takeFiles } from "./thread-attaching.js";
import { adoptComposer, newId } from "./composer.js";
import { adoptDraft, clearDraft, keepAll, keepField } from "./drafts.js";
import { parts } from "./net.js";
import { deliver } from "./post-delivery.js";
import { Outbox, bodyOf, fieldsOf, goesByItself } from "./thread-outbox.js";
import { pendingPost, showState } from "./thread-pending.js";

const AGAIN_MS = 20_000;
const NOT_RESTORED = new Set(["csrf_token", "client_id", "body", "draft_revision", "guard_keep"]);
const joined = (...texts) => texts.filter((text) => text.trim()).join("\n\n");

export function startSending(thread, { posts, feed }) {
  const place = thread.querySelector("[data-composer-place]");
  if (!place) return { unsent: () => "", refresh: () => {}, noteDraft: () => {} };
  const outgoing = new Set();
  const outbox = new Outbox(thread.dataset.topic);
  const area = () => place.querySelector("form[data-composer] textarea");
  const inOrder = () => { // that of writing is the outbox's; the clock may have been set in between
    const ids = outbox.all().map(({ client_id }) => client_id);
    const place = ({ id }) => (ids.includes(id) ? ids.indexOf(id) : ids.length);
    return [...outgoing].sort((one, other) => place(one) - place(other));
  };
  let draftRevision = "";
  let isDraining = false;
  let isAskedAgain = false;
  outbox.takeOver();

  place.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-composer]")) return;
    event.preventDefault();
    const body = new FormData(form);
    body.set("draft_revision", draftRevision);
    const files = takeFiles(form);
    const names = files.map(({ file }) => file.name);
    const kept = { client_id: body.get("client_id"), action: form.action, fields: fieldsOf(body), files: names, at: Date.now() };
    const attempt = add(kept, { body, files, isKept: outbox.keep(kept) });
    form.elements.namedItem("client_id").value = newId();
    const statement = form.elements.namedItem("is_statement");
    if (statement) statement.checked = false; // said anew for each post
    form.querySelector("[data-guard]")?.remove();
    form.querySelector(".mirror")?.remove();
    form.removeAttribute("data-guard-blocked");
    write("");
    posts.keepComposerStill(() => posts.list.append(attempt.post));
    drain();
  });

  for (const event of ["portal:contact-back", "portal:session-back"]) document.addEventListener(event, sendNow);
  document.addEventListener("portal:contact", ({ detail }) => { if (!detail.lost) sendNow(); });
  window.addEventListener("storage", ({ key }) => { if (key === outbox.key) drain(); }); // another tab has sent some
  window.addEventListener("beforeunload", (event) => {
    if (isAttaching() || [...outgoing].some(({ isKept, files }) => !isKept || files.length)) event.preventDefault();
  });
  drain();
  return { unsent, noteDraft, refresh: drain };

  /** The texts that have not arrived. */
  function unsent() {
    return joined(...inOrder().map(({ text }) => text));
  }

  /** The revision of the draft on the portal: a post that arrives forgets that one and no other. */
  function noteDraft(revision) {
    draftRevision = String(revision);
    for (const attempt of outgoing) {
      attempt.body.set("draft_revision", draftRevision);
      if (attempt.isKept && outbox.has(attempt.id)) outbox.change(attempt.id, { fields: fieldsOf(attempt.body) });
    }
  }

  function add(kept, { body = bodyOf(kept.fields), files = [], isKept = true } = {}) {
    const text = body.get("body");
    const lostFiles = files.length ? [] : kept.files; // without them it is not sent unasked
    const attempt = {
      id: kept.client_id, action: kept.action, at: kept.at, askedAt: kept.askedAt, body, text, files, lostFiles, isKept,
      isHeld: kept.isHeld || (lostFiles.length > 0 && !kept.askedAt), notBefore: 0, post: pendingPost(thread, kept.client_id, text),
    };
    outgoing.add(attempt);
    show(attempt, "sending");
    return attempt;
  }

  /** What an earlier page of this thread, or another tab, could not send. */
  function takeUp() {
    const known = new Set([...outgoing].map(({ id }) => id));
    for (const kept of outbox.all()) if (!known.has(kept.client_id)) posts.list.append(add(kept).post);
  }

  function sendNow() {
    for (const attempt of outgoing) if (!attempt.isTooSoon) attempt.notBefore = 0;
    drain();
  }

  /** Send what may go, one after the other: posts keep their order. */
  async function drain() {
    isAskedAgain = true;
    if (isDraining) return;
    isDraining = true;
    try {
      while (isAskedAgain) {
        isAskedAgain = false;
        await outbox.alone(sendInOrder);
      }
    } finally {
      isDraining = false;
    }
  }

  async function sendInOrder() {
    takeUp();
    let isStopped = false;
    for (const attempt of inOrder()) {
      if (attempt.isKept && !outbox.has(attempt.id)) await gone(attempt);
      else if (!area()) show(attempt, "stuck");
      else if (!goesByItself(attempt)) {
        if (attempt.shown !== "failed") show(attempt, "held");
      } else if (isStopped) show(attempt, "queued");
      else if (performance.now() < attempt.notBefore && attempt.shown !== "stuck") isStopped = true;
      else isStopped = !(await send(attempt));
    }
    noteOutgoing();
  }

  /** @returns {Promise<boolean>} whether the next one may go */
  async function send(attempt) {
    attempt.notBefore = 0;
    show(attempt, "sending");
    const { name, html, seconds, isSignedOut } = await deliver(attempt.action, attempt.body);
    attempt.isTooSoon = name === "later";
    if (name === "arrived") arrived(attempt, html);
    else if (name === "refused") refused(attempt, html);
    else if (name === "later") later(attempt, seconds);
    else if (name === "waits") waits(attempt, isSignedOut);
    else failed(attempt);
    return !attempt.notBefore;
  }

  function arrived(attempt, html) {
    forget(attempt);
    posts.put(html);
    const post = parts(html).querySelector("[data-change-seq]");
    feed.take([{ seq: Number(post.dataset.changeSeq), html }]);
    attach(attempt, post);
    if (area() && !outgoing.size && !area().value.trim()) clearDraft(area());
    thread.dispatchEvent(new CustomEvent("portal:post-arrived", { detail: { draft: attempt.body.get("draft_revision") } }));
  }

  /** Another tab has sent it. The files are only here. */
  async function gone(attempt) {
    forget(attempt);
    await feed.catchUp();
    attach(attempt, posts.list.querySelector(`article[data-client="${CSS.escape(attempt.id)}"]`));
  }

  function attach({ files }, post) {
    if (!files.length) return;
    if (post) attachAll(thread, post.id, files, { place, posts, feed });
    else if (area()) giveFiles(area().form, files);
  }

  function refused(attempt, html) {
    const written = area();
    const newer = written?.value ?? "";
    const files = [...attempt.files, ...(written ? takeFiles(written.form) : [])];
    place.replaceChildren(...parts(html).childNodes);
    const field = area();
    if (newer.trim()) field.value += `\n\n${newer}`;
    adoptComposer(field.form);
    giveFiles(field.form, files);
    keepField(field, field.value); // a refused text outlives a reload, however quickly it comes
    adoptDraft(field);
    forget(attempt);
    (field.form.querySelector("[data-guard]") ?? field).focus();
  }

  /** Too soon: it goes by itself when the time is over, and says how long that is. */
  function later(attempt, seconds) {
    attempt.notBefore = performance.now() + seconds * 1000;
    const count = show(attempt, "later").querySelector("[data-seconds]");
    const tick = () => {
      const left = Math.ceil((attempt.notBefore - performance.now()) / 1000);
      if (left <= 0) {
        drain();
        return;
      }
      if (count) count.textContent = count.dataset.text.replace("{n}", left);
      attempt.timer = window.setTimeout(tick, 1000);
    };
    tick();
  }

  /** No whole answer: once more in a while, or as soon as there is contact. Without a session only when that is back. */
  function waits(attempt, isSignedOut) {
    attempt.notBefore = isSignedOut ? Infinity : performance.now() + AGAIN_MS;
    show(attempt, "waiting");
    if (!isSignedOut) attempt.timer = window.setTimeout(drain, AGAIN_MS + 100);
  }

  function failed(attempt) {
    attempt.isHeld = true;
    if (attempt.isKept) outbox.change(attempt.id, { isHeld: true });
    show(attempt, "failed");
  }

  function ask(attempt) {
    Object.assign(attempt, { isHeld: false, askedAt: Date.now(), notBefore: 0 });
    if (attempt.isKept) outbox.change(attempt.id, { isHeld: false, askedAt: attempt.askedAt });
    drain();
  }

  /** Written into the field and kept as a draft first; only then is it no post any more. */
  function takeBack(attempt) {
    return outbox.alone(async () => {
      if (attempt.isKept && !outbox.has(attempt.id)) {
        await gone(attempt);
        return;
      }
      const field = area();
      if (!field) {
        show(attempt, "stuck");
        return;
      }
      for (const [name, value] of attempt.body) {
        const control = NOT_RESTORED.has(name) ? null : field.form.elements.namedItem(name);
        if (control?.type === "checkbox") control.checked = true;
        else if (control) control.value = value;
      }
      giveFiles(field.form, attempt.files);
      write(joined(attempt.text, field.value));
      keepAll();
      forget(attempt);
      field.focus();
      drain(); // what waited behind it
    });
  }

  function forget(attempt) {
    window.clearTimeout(attempt.timer);
    outgoing.delete(attempt);
    outbox.drop(attempt.id);
    attempt.post.remove();
    attempt.notBefore = 0;
    noteOutgoing();
  }

  function write(text) {
    noteOutgoing();
    area().value = text;
    area().dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** The draft in this browser must hold what is on its way and not kept, until it has arrived. */
  function noteOutgoing() {
    if (!area()) return;
    area().dataset.outgoing = joined(...inOrder().filter(({ isKept }) => !isKept).map(({ text }) => text));
  }

  function show(attempt, name) {
    window.clearTimeout(attempt.timer);
    attempt.shown = name;
    const acts = { send: () => ask(attempt), takeBack: () => takeBack(attempt), drop: () => forget(attempt) };
    return showState(thread, attempt, name, acts);
  }
}
