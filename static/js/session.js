/** The session ended while the page was open: a dialog, the text stays, and new form tokens after signing in again. */
import { settleSent } from "./drafts.js";
import { NoContact } from "./net.js";

const QUIET_MS = 1_500;

export function startSession() {
  const dialog = document.querySelector("dialog[data-session-ended]");
  if (!dialog) return;
  let lastKey = -Infinity;
  let waiting = 0;
  document.addEventListener("keydown", () => { lastKey = performance.now(); }, true);
  document.addEventListener("portal:session-ended", () => {
    if (dialog.open || waiting) return;
    // the dialog takes the focus: nobody's words may go into it, so it comes when the keys rest
    waiting = window.setInterval(() => {
      if (performance.now() - lastKey < QUIET_MS) return;
      window.clearInterval(waiting);
      waiting = 0;
      if (!dialog.open) dialog.showModal();
    }, 200);
  });
  dialog.querySelector("[data-session-back]").addEventListener("click", async () => {
    if (!(await takeNewTokens())) return;
    dialog.close();
    document.dispatchEvent(new CustomEvent("portal:session-back"));
  });
}

/** Load this page once more for its form tokens. Somebody else's session: everything on this page must go. */
async function takeNewTokens() {
  let answer;
  try {
    answer = await fetch(window.location.href, { credentials: "same-origin" });
  } catch (error) {
    throw new NoContact(window.location.href, { cause: error });
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const person = page.documentElement.dataset.person;
  if (!person) return false; // still signed out
  if (person !== document.documentElement.dataset.person) {
    window.location.reload();
    return false;
  }
  settleSent(page);
  const token = page.querySelector("input[name=csrf_token]")?.value;
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token ?? input.value;
  return true;
}
