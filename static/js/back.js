/** "Go back" on an error page: to the page that one came from, where there is one. */
export function startBack() {
  const button = document.querySelector("[data-back]");
  if (!button) return;
  button.hidden = history.length < 2;
  button.addEventListener("click", () => history.back());
}
