/** The ink bar under the top bar while the portal cannot be reached. It lies over the page, so nothing moves. */
import { NoContact, fetchPart } from "./net.js";

export function startOfflineBar() {
  const bar = document.querySelector("[data-offline]");
  if (!bar) return;
  const show = (lost) => { bar.hidden = !lost; };
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
