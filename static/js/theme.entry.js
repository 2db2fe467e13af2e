/**
 * Runs in <head> before the first paint: says that scripts work, and turns "auto" into the system's light or dark.
 * Without it the style sheet follows the system by itself.
 */
const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = root.dataset.theme ?? "auto";
  root.dataset.bsTheme = chosen === "auto" ? (system.matches ? "dark" : "light") : chosen;
}

root.classList.add("js");
apply();
system.addEventListener("change", apply);
document.addEventListener("portal:theme", apply);
