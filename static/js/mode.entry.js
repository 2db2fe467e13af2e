/** Meeting mode: live parts, the clock, moving through the agenda, and the minutes. */
import { newId } from "./composer.js";
import { adoptDraft, clearDraft, keepAll } from "./drafts.js";
import { startGuard } from "./guard-ui.js";
import { Captures, entryOf, showWaiting } from "./mode-captures.js";
import { startClock } from "./mode-clock.js";
import { startPresence } from "./mode-people.js";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";
import { NoteEditor } from "./note-editor.js";
import { unsent } from "./note-journal.js";
import { ThreadFeed } from "./thread-live.js";

const mode = document.querySelector("[data-mode]");
if (mode) start();

function start() {
  const middle = mode.querySelector("[data-middle]");
  const failure = mode.querySelector("[data-mode-error]");
  const clock = startClock(mode);
  const people = startPresence(mode);
  const captures = new Captures({
    meeting: mode.dataset.topic,
    token: () => document.querySelector("#mode-form input[name=csrf_token]").value,
    onChange: showCaptures,
    onArrived: () => feed.catchUp(),
  });
  let editor = null;
  let feed = null;

  const shown = () => middle.querySelector("#mode-item").dataset.item;
  const current = () => mode.querySelector("#mode-agenda [aria-current] a")?.dataset.item ?? "";
  let followed = current();

  const partsUrl = () => {
    const url = new URL(mode.dataset.partsUrl, window.location.href);
    if (shown()) url.searchParams.set("item", shown());
    return url.href;
  };

  function take(html) {
    const fresh = parts(html);
    if (fresh.querySelector("[data-stale]")) refreshAll();
    for (const part of [...fresh.children]) {
      if (part.matches("[data-note]")) editor?.others(Number(part.dataset.revision), part.dataset.writer);
      const old = document.getElementById(part.id);
      if (old && !isBeingUsed(old)) replace(old, part);
    }
    clock.look();
    if (current() !== followed) {
      followed = current();
      if (followed && !editor?.isDirty && !isWriting()) show(followed);
      else if (followed) refreshHint();
    }
  }

  /** A decision that is being reworded stays as it is until it is saved; the next change brings the rest. */
  const isBeingUsed = (part) => part.id.startsWith("mode-rows") && part.contains(document.activeElement) && document.activeElement.matches("textarea");
  /** Something stands in a form that has not been added yet, wherever the focus is: its middle is not taken away. */
  const isWriting = () => [...middle.querySelectorAll("form[data-capture] textarea, form[data-capture] input[type=text]")].some((field) => field.value.trim() !== "");

  /** New content in the old place; what was opened stays open, and the focus stays on the same button. */
  function replace(old, part) {
    const open = [...old.querySelectorAll("details[open][id]")].map((details) => details.id);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(part);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) [...part.querySelectorAll("button, summary, a")].find((one) => one.value === focused.value && one.textContent.trim() === focused.textContent.trim())?.focus();
  }

  /** Somebody changed the agenda itself: all parts come anew. */
  async function refreshAll() {
    const url = new URL(partsUrl());
    url.searchParams.set("after", "-1");
    const answer = await ask(() => fetchPart(url));
    if (answer?.ok) take(await answer.text());
  }

  function refreshHint() {
    const hint = middle.querySelector(".elsewhere");
    if (!hint) say(mode.querySelector("#mode-agenda [aria-current] .name")?.textContent ?? "");
  }

  function say(text) {
    mode.querySelector("[data-mode-status]").textContent = text;
  }

  async function ask(action) {
    failure.hidden = true;
    try {
      return await action();
    } catch (error) {
      if (error instanceof NoContact || error instanceof SessionEnded) return null; // the page says so
      throw error;
    }
  }

  /** Show an item in the middle; what is being written is saved first, and stays in the journal if it cannot be. */
  async function show(item) {
    if (editor) await editor.save();
    const url = new URL(mode.dataset.itemUrl, window.location.href);
    if (item) url.searchParams.set("item", item);
    const answer = await ask(() => fetchPart(url));
    if (!answer?.ok) return;
    keepAll();
    middle.replaceChildren(...parts(await answer.text()).childNodes);
    window.history.replaceState(null, "", item ? url : mode.dataset.itemUrl); // a reload comes back to the same item
    adopt();
    say(middle.querySelector("#mode-title").textContent);
  }

  function adopt() {
    const form = middle.querySelector("form[data-editor]");
    editor = form ? new NoteEditor(form, { onTyping: () => feed?.typing() }) : null;
    captures.settleDrafts();
    for (const field of middle.querySelectorAll("[data-draft-key]")) adoptDraft(field);
    for (const bar of middle.querySelectorAll("markdown-toolbar")) bar.removeAttribute("tabindex");
    clock.look();
    offerUnsent();
    showCaptures();
  }

  /** Text of other items that never arrived (the tab was closed meanwhile): say where, so that it is sent when one goes there. */
  function offerUnsent() {
    const place = mode.querySelector("[data-unsent]");
    if (!place) return;
    const links = [...mode.querySelectorAll("#mode-agenda a[data-item]")];
    const items = unsent(links.map((link) => link.dataset.item)).filter((item) => item !== shown());
    place.hidden = items.length === 0;
    place.querySelector("span").replaceChildren(...items.map((item) => {
      const link = links.find((one) => one.dataset.item === item).cloneNode();
      link.textContent = links.find((one) => one.dataset.item === item).querySelector(".name").textContent;
      return link;
    }));
  }

  /** Buttons of the meeting: sent without leaving the page; the live parts bring the result. */
  async function press(button) {
    const form = document.getElementById("mode-form");
    if (button.matches("[data-turn]") && editor && !(await editor.save()) && editor.isDirty) editor.say("Waiting");
    const body = new FormData(form, button);
    const answer = await ask(() => fetchPart(button.formAction, { method: "POST", body }));
    if (answer === null) return;
    if (!answer.ok) return fail(await answer.text());
    if (document.activeElement?.matches("textarea")) document.activeElement.blur();
    if (button.matches("[data-turn]")) await show("");
    else feed?.catchUp();
  }

  function fail(html) {
    failure.textContent = parts(html).textContent.trim();
    failure.hidden = false;
    failure.scrollIntoView({ block: "nearest" });
  }

  /** What was typed while the rest was on its way stays. */
  const without = (text, sent) => (text === sent ? "" : text.startsWith(sent) ? text.slice(sent.length).trimStart() : text);

  /** Add a decision, an action, a word to the secretary; without the network it waits in the journal and the form is free. */
  async function capture(form) {
    const sent = new FormData(form);
    const entry = entryOf(form, mode.dataset.topic, shown());
    failure.hidden = true;
    const result = await captures.add(entry);
    if (result.state === "refused") {
      captures.drop(entry);
      if (result.status === 422) takeRefused(form, result.html);
      else fail(result.html);
      return;
    }
    showCaptures();
    if (form.isConnected && form.elements.namedItem("client_id").value === sent.get("client_id")) clear(form, sent); // pressed twice: it was one
    if (result.state === "done") feed?.catchUp();
  }

  /** The form as the portal gives it back, with what was wrong. */
  function takeRefused(form, html) {
    keepAll();
    const fresh = parts(html).querySelector("form");
    form.replaceWith(fresh);
    startGuard(fresh.parentNode);
    for (const field of fresh.querySelectorAll("[data-draft-key]")) adoptDraft(field);
    (fresh.querySelector("[data-guard], [aria-invalid]") ?? fresh.querySelector("textarea, input[type=text]")).focus();
  }

  /** Free for the next one: nothing of what was sent or refused before stays, only what was typed meanwhile. */
  function clear(form, sent) {
    for (const field of form.querySelectorAll("textarea, input[type=text], input[type=date]")) field.value = without(field.value, sent.get(field.name));
    for (const field of form.querySelectorAll("select")) if (field.value === sent.get(field.name)) field.value = "";
    for (const said of form.querySelectorAll("[data-guard], .mirror, .field-error")) said.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) for (const name of ["aria-invalid", "aria-describedby"]) field.removeAttribute(name);
    form.removeAttribute("data-guard-blocked");
    form.elements.namedItem("client_id").value = newId();
    form.elements.namedItem("due_asked")?.setAttribute("value", "");
    for (const area of form.querySelectorAll("[data-draft-key]")) clearDraft(area);
  }

  function showCaptures() {
    const list = middle.querySelector("[data-waiting]");
    if (!list) return;
    const titleOf = (item) => (item === shown() ? "" : mode.querySelector(`#mode-agenda a[data-item="${CSS.escape(item)}"] .name`)?.textContent ?? "");
    showWaiting(list, captures, titleOf, { onOpen: openRefused, onDrop: (entry) => { captures.drop(entry); showCaptures(); } });
  }

  /** What was refused after it had waited: back into its form, where what was found can be mended. */
  async function openRefused(entry) {
    if (entry.item !== shown()) await show(entry.item);
    const form = middle.querySelector(`#${entry.kind}-form`);
    if (!form || entry.item !== shown()) return;
    const { status, html } = captures.stateOf(entry);
    captures.drop(entry);
    if (status === 422) takeRefused(form, html);
    showCaptures();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.id === "mode-form" && event.submitter) {
      event.preventDefault();
      press(event.submitter);
    } else if (event.target.matches("form[data-capture]")) {
      event.preventDefault();
      capture(event.target);
    }
  });
  mode.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-item]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.dataset.item);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const wanted = { n: "[data-next]", b: "#decision-text", å: "#action-text" }[event.key.toLowerCase()];
    const target = wanted && middle.querySelector(wanted);
    if (!target) return;
    event.preventDefault();
    if (target.matches("button")) target.click();
    else target.focus();
  });

  feed = new ThreadFeed({
    topic: mode.dataset.topic,
    postsUrl: partsUrl(),
    lastSeq: Number(mode.dataset.lastSeq),
    onPosts: take,
    onPresence: people.present,
    onTyping: people.writes,
    onGone: () => window.location.reload(),
  });
  Object.defineProperty(feed, "postsUrl", { get: partsUrl }); // the parts of the item that is shown now
  adopt();
  feed.start();
  captures.flush();
}
