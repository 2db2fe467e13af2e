/** On a phone a group's tabs scroll sideways: bring the current one into sight. */
export function startTabs() {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
