/**
 * What has been before the reader's eyes is read: the last post in view is told to the portal after a moment, while the page is
 * looked at. A page in the background reads nothing, however much comes to it.
 */
import { NoContact, SessionEnded, fetchPart } from "./net.js";

const MOMENT_MS = 2_000;

/** @param {import("./thread-posts.js").ThreadPosts} posts */
export function startReading(thread, posts) {
  if (!thread.dataset.read) return; // there are unread posts before these: going back to them must stay possible
  const form = thread.querySelector("form[data-reacting]");
  let told = Number(thread.dataset.read);
  let timer = 0;

  /** The number of the last post whose head is in view, or above it. */
  function seen() {
    const above = posts.posts().filter((post) => post.getBoundingClientRect().top < window.innerHeight);
    return above.length ? Number(above.at(-1).dataset.seq) : 0;
  }

  async function tell() {
    timer = 0;
    const seq = document.visibilityState === "visible" ? seen() : 0;
    if (seq <= told) return;
    const before = told;
    told = seq;
    const body = new FormData(form);
    body.set("seq", String(seq));
    try {
      const answer = await fetchPart(thread.dataset.readUrl, { method: "POST", body, isByItself: true });
      if (!answer.ok) told = before; // told again when something moves
    } catch (error) {
      told = before;
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
    }
  }

  const soon = () => { if (!timer) timer = window.setTimeout(tell, MOMENT_MS); };
  window.addEventListener("scroll", soon, { passive: true });
  document.addEventListener("visibilitychange", soon);
  new MutationObserver(soon).observe(thread.querySelector("[data-posts]"), { childList: true });
  soon();
}
