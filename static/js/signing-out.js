/** Signing out takes away what this browser keeps. Posts that wait are sent first; if they cannot be, it asks. */
import { filledOutboxes } from "./thread-outbox.js";

const PATIENCE_MS = 4_000;
const count = () => filledOutboxes().reduce((sum, box) => sum + box.all().length, 0);

export function startSigningOut() {
  const dialog = document.querySelector("dialog[data-unsent]");
  let asked = null;
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("form[data-sign-out]") || !count()) return;
    event.preventDefault();
    asked = event.target;
    const { sendWaiting } = await import("./waiting-posts.js");
    await Promise.race([sendWaiting(), new Promise((over) => { window.setTimeout(over, PATIENCE_MS); })]);
    if (!count()) {
      asked.submit();
      return;
    }
    const words = dialog.querySelector("[data-text]");
    words.textContent = count() === 1 ? words.dataset.one : words.dataset.text.replace("{n}", count());
    if (!dialog.open) dialog.showModal();
  });
  dialog?.querySelector("[data-sign-out-now]").addEventListener("click", () => asked.submit());
}
