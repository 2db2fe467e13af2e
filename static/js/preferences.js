/** Language and appearance in the person menu: appearance changes at once, language loads the page again. */
import { fetchPart } from "./net.js";

export function startPreferences() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-preference]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const { name, value } = event.submitter;
    const body = new FormData(form, event.submitter);
    if (name === "theme") paint(value);
    const answer = await fetchPart(form.action, { method: "POST", body });
    if (name === "language" || !answer.ok) window.location.reload();
  });
}

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("portal:theme"));
  for (const button of document.querySelectorAll("form[data-preference] button[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  for (const input of document.querySelectorAll("form[data-preference] input[name=theme]")) input.value = theme;
}
