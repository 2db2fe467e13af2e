/** Native dialogs: [data-close] and a click on the backdrop close them. Esc and giving the focus back are the browser's. */
export function startDialogs() {
  document.addEventListener("click", (event) => {
    const dialog = event.target.closest?.("dialog");
    if (!dialog) return;
    if (event.target.closest("[data-close]")) dialog.close();
    else if (event.target === dialog && !dialog.hasAttribute("data-session-ended") && outside(dialog, event)) dialog.close();
  });
}

function outside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}
