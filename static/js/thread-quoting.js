/** "Reply" under a post puts the post, or what is selected of it, into the composer. Without scripts it is a link. */
import { NoContact, SessionEnded, fetchPart, wholeText } from "./net.js";

export function startQuoting(thread) {
  thread.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-quote]");
    const area = document.querySelector("[data-composer-place] textarea");
    if (!link || !area || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const chosen = selectedIn(link.closest("article"));
    try {
      const answer = await fetchPart(link.dataset.quote);
      const text = await wholeText(answer);
      if (answer.ok) put(area, chosen ? withWords(text, chosen) : text);
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the page says it
    }
  });
}

function selectedIn(post) {
  const selection = window.getSelection();
  const body = post.querySelector(".post-body");
  const isInside = body && !selection.isCollapsed && body.contains(selection.anchorNode) && body.contains(selection.focusNode);
  return isInside ? selection.toString().trim() : "";
}

/** The head of the quote, and below it other words. */
function withWords(quote, words) {
  const [head] = quote.split("\n");
  return `${[head, ">", ...words.split("\n").map((line) => `> ${line}`)].join("\n")}\n\n`;
}

function put(area, text) {
  const before = area.value.slice(0, area.selectionEnd);
  const gap = before && !before.endsWith("\n\n") ? (before.endsWith("\n") ? "\n" : "\n\n") : "";
  area.setRangeText(gap + text, area.selectionEnd, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
  area.scrollIntoView({ block: "nearest" });
}
