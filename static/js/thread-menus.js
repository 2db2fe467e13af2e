/**
 * Menus in posts are the same bytes for everybody; what stands in them for this reader is fetched when one is opened. Without
 * scripts, and without contact, each holds a link to a page with the same.
 */
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";

export function startMenus(thread) {
  thread.addEventListener("toggle", ({ target }) => {
    if (!target.open || !target.matches("[data-fetched]")) return;
    const sheet = target.querySelector(".menu-sheet");
    target.dataset.fetched ||= sheet.querySelector("a").href;
    fill(sheet, target.dataset.fetched);
  }, true);
}

async function fill(sheet, url) {
  try {
    const answer = await fetchPart(url);
    const html = await wholeText(answer);
    if (!answer.ok) return;
    const held = sheet.contains(document.activeElement);
    sheet.replaceChildren(...parts(html).childNodes);
    if (held) sheet.querySelector("a, button").focus();
  } catch (error) {
    if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the link in it still works
  }
}
