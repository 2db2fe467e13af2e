/**
 * Sending a post by fetch. It stands in the thread at once ("Sending …"); the answer takes its place. A try that failed
 * keeps its client_id, so that sending twice makes one post. The guard's answer (422) is a new composer with the text.
 */
import { adoptComposer, newId } from "./composer.js";
import { keepDraft } from "./draft-store.js";
import { adoptDraft, clearDraft } from "./drafts.js";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";

export function startSending(thread, { posts, feed }) {
  const place = thread.querySelector("[data-composer-place]");
  if (!place) return;
  const outgoing = new Set();
  const area = () => place.querySelector("textarea");

  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const text = area().value;
    const attempt = { body: new FormData(form), action: form.action, text, post: pendingPost(text) };
    attempt.post.dataset.pending = attempt.body.get("client_id");
    outgoing.add(attempt);
    form.elements.namedItem("client_id").value = newId();
    form.querySelector("[data-guard]")?.remove();
    form.querySelector(".mirror")?.remove();
    form.removeAttribute("data-guard-blocked");
    write("");
    posts.keepComposerStill(() => posts.list.append(attempt.post));
    send(attempt);
  });

  for (const event of ["portal:contact-back", "portal:session-back"]) {
    document.addEventListener(event, () => { for (const attempt of outgoing) if (attempt.isFailed) send(attempt); });
  }

  function pendingPost(text) {
    const post = thread.querySelector("template[data-sending]").content.firstElementChild.cloneNode(true);
    post.querySelector(".post-body").textContent = text.trim();
    return post;
  }

  function write(text) {
    area().value = text;
    noteOutgoing();
    area().dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** The draft must hold what is on its way, until it has arrived. */
  function noteOutgoing() {
    area().dataset.outgoing = [...outgoing].map((attempt) => attempt.text).join("\n\n");
  }

  async function send(attempt) {
    attempt.isFailed = false;
    attempt.post.classList.replace("post-failed", "post-sending");
    attempt.body.set("csrf_token", place.querySelector("input[name=csrf_token]").value);
    try {
      const answer = await fetchPart(attempt.action, { method: "POST", body: attempt.body });
      const html = await answer.text();
      if (answer.status === 201 || answer.status === 200) arrived(attempt, html);
      else if (answer.status === 422) refused(attempt, html);
      else failed(attempt);
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
      failed(attempt);
    }
  }

  function arrived(attempt, html) {
    outgoing.delete(attempt);
    attempt.post.remove();
    posts.put(html);
    const post = parts(html).querySelector("[data-change-seq]");
    if (post) feed.take([{ seq: Number(post.dataset.changeSeq), html }]);
    noteOutgoing();
    if (!outgoing.size && !area().value.trim()) clearDraft(area());
  }

  function refused(attempt, html) {
    outgoing.delete(attempt);
    attempt.post.remove();
    const later = area().value;
    place.replaceChildren(...parts(html).childNodes);
    const form = place.querySelector("form[data-composer]");
    const field = area();
    if (later.trim()) field.value += `\n\n${later}`;
    adoptComposer(form);
    noteOutgoing();
    keepDraft(field.dataset.draftKey, field.value); // a refused text outlives a reload, however quickly it comes
    adoptDraft(field);
    (form.querySelector("[data-guard]") ?? field).focus();
  }

  function failed(attempt) {
    attempt.isFailed = true;
    attempt.post.classList.replace("post-sending", "post-failed");
    const state = thread.querySelector("template[data-failed]").content.firstElementChild.cloneNode(true);
    const sending = attempt.post.querySelector(".post-state").cloneNode(true);
    attempt.post.querySelector(".post-state").replaceWith(state);
    state.querySelector("[data-retry]").addEventListener("click", () => {
      state.replaceWith(sending);
      send(attempt);
    });
    state.querySelector("[data-take-back]").addEventListener("click", () => {
      outgoing.delete(attempt);
      attempt.post.remove();
      write([attempt.text, area().value].filter((text) => text.trim()).join("\n\n"));
      area().focus();
    });
  }
}
