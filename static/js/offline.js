/**
 * The ink bar under the top bar. While the portal cannot be reached it lies over the page, so nothing moves; where only posts
 * wait to be sent (waiting-posts.js), it is a line of the page.
 */
import { NoContact, fetchPart } from "./net.js";

const bar = document.querySelector("[data-offline]");

export function startOfflineBar() {
  if (!bar) return;
  const show = (lost) => {
    for (const part of bar.querySelectorAll("[data-offline-lost]")) part.hidden = !lost;
    settle();
  };
  document.addEventListener("portal:contact", ({ detail }) => show(detail.lost));
  window.addEventListener("offline", () => show(true));
  window.addEventListener("online", tryNow);
  bar.querySelector("[data-offline-retry]").addEventListener("click", tryNow);

  async function tryNow() {
    try {
      await fetchPart("/health");
      show(false);
      document.dispatchEvent(new CustomEvent("portal:contact-back"));
    } catch (error) {
      if (!(error instanceof NoContact)) throw error;
      show(true);
    }
  }
}

/** Say how many posts wait to be sent, and where the first one is. */
export function showWaiting(count, href = "") {
  const line = bar?.querySelector("[data-waiting-posts]");
  if (!line) return;
  line.hidden = !count;
  line.querySelector("[data-words]").textContent = count === 1 ? line.dataset.one : line.dataset.text.replace("{n}", count);
  line.querySelector("a").href = href;
  settle();
}

function settle() {
  const isLost = !bar.querySelector("[data-offline-lost]").hidden;
  const isWaiting = !bar.querySelector("[data-waiting-posts]").hidden;
  bar.hidden = !isLost && !isWaiting;
  bar.classList.toggle("is-line", !isLost);
}
