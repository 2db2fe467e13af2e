/** After a refused form the focus goes to what has to be read first: guard, error summary, else the first wrong field. */
export function startFocus() {
  if (window.location.hash) return;
  const target = document.querySelector("[data-guard][data-focus], .error-summary[data-focus], [aria-invalid=true]");
  target?.focus();
}
