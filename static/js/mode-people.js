/** Who looks at the meeting's page, and who writes just now (gone after 5 s). */
const GONE_MS = 5000;

export function startPresence(mode) {
  const me = document.documentElement.dataset.person;
  const watchers = mode.querySelector("[data-presence]");
  const writers = mode.querySelector("[data-writers]");
  const writing = new Map();

  function row(person) {
    const item = watchers.querySelector("template").content.firstElementChild.cloneNode(true);
    const mark = item.querySelector(".mark");
    mark.textContent = person.mark;
    mark.title = person.organisation;
    if (person.kind === "ngo" || person.kind === "international") mark.classList.add(`mark-${person.kind}`);
    item.querySelector(".name").textContent = person.name;
    return item;
  }

  function present(people) {
    const here = (people ?? []).filter((person) => String(person.id) !== me);
    watchers.hidden = here.length === 0;
    watchers.querySelector("ul").replaceChildren(...here.map(row));
  }

  function showWriters() {
    writers.hidden = writing.size === 0;
    writers.querySelector("ul").replaceChildren(...[...writing.values()].map(({ person }) => row(person)));
  }

  function writes(person) {
    if (String(person.id) === me) return;
    window.clearTimeout(writing.get(person.id)?.timer);
    const timer = window.setTimeout(() => { writing.delete(person.id); showWriters(); }, GONE_MS);
    writing.set(person.id, { person, timer });
    showWriters();
  }

  return { present, writes };
}
