/** A post on its way as it stands in the thread: its text, and below it what becomes of it and what can be done. */

export function pendingPost(thread, id, text) {
  const post = thread.querySelector("template[data-sending]").content.firstElementChild.cloneNode(true);
  post.dataset.pending = id;
  post.querySelector(".post-body").textContent = text.trim();
  return post;
}

/**
 * The line under the post: sending, queued (an older one goes first), waiting (no contact), later (too soon), failed, held
 * (from an earlier page: it is not sent unasked), or stuck (nothing can be written here).
 * @param {{post: HTMLElement, text: string, at: number, isKept: boolean, lostFiles: string[]}} attempt
 * @param {{send: () => void, takeBack: () => void, drop: () => void}} acts
 * @returns {HTMLElement} the line
 */
export function showState(thread, attempt, name, acts) {
  const { post } = attempt;
  post.classList.toggle("post-sending", name === "sending");
  post.classList.toggle("post-failed", name !== "sending");
  post.querySelector(".post-body").hidden = name === "stuck"; // there it stands in a field that can be copied
  const line = thread.querySelector(`template[data-${name}]`).content.firstElementChild;
  const state = (name === "sending" ? line.querySelector(".post-state") : line).cloneNode(true);
  post.querySelector(".post-state").replaceWith(state);
  const time = state.querySelector("[data-time]");
  if (time) time.textContent = time.dataset.time.replace("{time}", moment(attempt.at));
  const copy = state.querySelector("textarea");
  if (copy) copy.value = attempt.text;
  state.querySelector("[data-retry]")?.addEventListener("click", acts.send);
  state.querySelector("[data-take-back]")?.addEventListener("click", acts.takeBack);
  state.querySelector("[data-drop]")?.addEventListener("click", acts.drop);
  if (!attempt.isKept) state.append(thread.querySelector("template[data-unkept]").content.firstElementChild.cloneNode(true));
  if (attempt.lostFiles.length) {
    const lost = thread.querySelector("template[data-files-lost]").content.firstElementChild.cloneNode(true);
    lost.textContent = lost.textContent.replace("{names}", attempt.lostFiles.join(", "));
    state.append(lost);
  }
  return state;
}

const moment = (at) => new Date(at).toLocaleString(document.documentElement.lang, {
  dateStyle: "long", timeStyle: "short", timeZone: "Europe/Stockholm",
});
