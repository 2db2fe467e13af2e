/**
 * Reactions: fragments say who has reacted and press no button; the reader's own are pressed here. A press goes by fetch,
 * and the answer is the post in its new form, which everybody gets live too. Without scripts the buttons send a form.
 */
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";

/** Press the buttons of the reader's own reactions. */
export function pressOwn(list, me) {
  for (const button of list.querySelectorAll("[data-react]")) {
    const isOwn = button.dataset.react.split(" ").includes(me);
    button.setAttribute("aria-pressed", String(isOwn));
    button.name = isOwn ? "off" : "on";
  }
}

/** Why it was not done, under the post. */
function say(post, html) {
  post.querySelector("[data-refusal]")?.remove();
  const said = document.createElement("div");
  said.dataset.refusal = "";
  said.setAttribute("role", "alert");
  said.append(...parts(html).childNodes);
  post.append(said);
}

/** @param {import("./thread-posts.js").ThreadPosts} posts */
export function startReactions(thread, { posts, take }) {
  const form = thread.querySelector("form[data-reacting]");

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.matches("[data-react]")) return;
    event.preventDefault();
    const body = new FormData(form);
    body.set(button.name, button.value);
    button.closest("details")?.removeAttribute("open");
    try {
      const answer = await fetchPart(button.formAction, { method: "POST", body });
      const html = await wholeText(answer);
      if (!answer.ok) {
        say(button.closest("article"), html);
        return;
      }
      posts.put(html);
      const post = parts(html).querySelector("[data-change-seq]");
      if (post) take([{ seq: Number(post.dataset.changeSeq), html }]);
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the page says it
    }
  });
}
