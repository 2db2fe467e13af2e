/** [data-preview] beside a toolbar: shows the text as the portal will, in the place of the field. */
import { NoContact, SessionEnded, fetchPart, wholeText } from "./net.js";

export function startPreviews() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-preview]");
    const area = button && document.getElementById(button.dataset.for);
    if (area) toggle(button, area);
  });
  document.addEventListener("submit", ({ target }) => { // what is sent is written anew
    for (const button of target.querySelectorAll("[data-preview][aria-pressed=true]")) close(button, document.getElementById(button.dataset.for));
  }, true);
}

async function toggle(button, area) {
  if (button.getAttribute("aria-pressed") === "true") {
    close(button, area);
    area.focus();
    return;
  }
  if (!area.value.trim()) return;
  const body = new FormData();
  body.set("csrf_token", area.form.querySelector("input[name=csrf_token]").value);
  body.set("body", area.value);
  try {
    const answer = await fetchPart(button.dataset.preview, { method: "POST", body });
    show(button, area, answer.ok, await wholeText(answer));
  } catch (error) {
    if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error; // the page says it
  }
}

function show(button, area, isShown, text) {
  close(button, area);
  const place = document.createElement("div");
  place.className = "preview reading";
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", button.textContent.trim());
  place.tabIndex = -1;
  if (isShown) place.innerHTML = text; // cleaned by the server, as every post
  else place.textContent = text;
  (area.closest(".writing") ?? area).after(place);
  (area.closest(".writing") ?? area).hidden = true;
  button.setAttribute("aria-pressed", "true");
  place.focus();
}

function close(button, area) {
  const writing = area?.closest(".writing") ?? area;
  if (writing?.nextElementSibling?.matches(".preview")) writing.nextElementSibling.remove();
  if (writing) writing.hidden = false;
  button.setAttribute("aria-pressed", "false");
}
