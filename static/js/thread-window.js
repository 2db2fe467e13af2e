/**
 * A long thread is shown in part. The links to its earlier and later posts fetch the next part into the page, when they are
 * pressed and when they come into view; at the end of the thread the page goes live. Without scripts they are links.
 */
import { NoContact, SessionEnded, fetchPart, wholeText } from "./net.js";

const NEAR = "600px 0px"; // fetched before it is seen

/**
 * @param {HTMLElement} thread
 * @param {import("./thread-posts.js").ThreadPosts} posts
 * @param {() => void} atEnd called once the last posts of a thread are there that began in the middle
 */
export function startWindow(thread, posts, atEnd) {
  for (const where of ["older", "newer"]) {
    const place = thread.querySelector(`[data-${where}]`);
    if (place) startEdge(thread, posts, { where, place, atEnd });
  }
}

function startEdge(thread, posts, { where, place, atEnd }) {
  const link = place.querySelector("a[data-text]");
  let isFetching = false;
  const seen = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) fetchMore(); }, { rootMargin: NEAR });

  async function fetchMore() {
    if (isFetching) return;
    isFetching = true;
    place.setAttribute("aria-busy", "true");
    try {
      const more = await fetchNext(thread, posts, where);
      if (!more) ended();
      else {
        relabel(link, posts, where, more);
        if (where === "newer") lookAgain();
      }
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
    }
    place.removeAttribute("aria-busy");
    isFetching = false;
  }

  function lookAgain() { // still in view? the observer tells only of changes
    seen.unobserve(place);
    seen.observe(place);
  }

  function ended() {
    seen.disconnect();
    place.remove();
    if (where === "newer") {
      thread.querySelector("[data-end]").hidden = false;
      atEnd();
    }
  }

  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    fetchMore();
  });
  if (where !== "newer") return; // earlier posts only when asked for: who comes to what is new stays there
  seen.observe(place);
  for (const back of ["portal:session-back", "portal:contact-back"]) { // what did not come is not asked for again and again
    document.addEventListener(back, () => { if (place.isConnected) lookAgain(); });
  }
}

/** @returns {Promise<number>} how many posts there are beyond */
async function fetchNext(thread, posts, where) {
  const all = posts.posts();
  const url = new URL(thread.dataset.windowUrl, window.location.href);
  const edge = where === "older" ? all[0] : all.at(-1);
  url.searchParams.set(where === "older" ? "before" : "after", edge.dataset.seq);
  const answer = await fetchPart(url);
  const html = await wholeText(answer);
  if (!answer.ok) throw new NoContact(`${url}: ${answer.status}`);
  const top = edge.getBoundingClientRect().top;
  const added = posts.add(html, where);
  if (where === "older") window.scrollBy(0, edge.getBoundingClientRect().top - top); // what is read stays where it is
  return added ? Number(answer.headers.get("X-More") ?? 0) : 0;
}

function relabel(link, posts, where, more) {
  const all = posts.posts();
  link.querySelector("span").textContent = link.dataset.text.replace("{n}", String(more));
  const url = new URL(link.href);
  url.searchParams.set(where === "older" ? "before" : "after", (where === "older" ? all[0] : all.at(-1)).dataset.seq);
  link.href = url.href;
}
