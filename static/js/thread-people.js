/** Who is here, and who is writing (gone after 5 s). */
const GONE_MS = 5000;

export function startPeople(thread) {
  const texts = thread.dataset;
  const me = document.documentElement.dataset.person;
  const rail = document.querySelector("[data-presence]");
  const line = thread.querySelector("[data-presence-line]");
  const dots = thread.querySelector(".typing-dots");
  const status = thread.querySelector(".typing-text");
  const writing = new Map(); // person id -> {person, timer}
  let here = [];

  function present(people) {
    here = (people ?? []).filter((person) => String(person.id) !== me);
    if (line) {
      line.hidden = here.length === 0;
      line.querySelector("[data-presence-count]").textContent = here.length === 1 ? texts.textHereOne : texts.textHere.replace("{n}", here.length);
    }
    if (!rail) return;
    rail.hidden = here.length === 0;
    rail.querySelector("ul").replaceChildren(...here.map(row));
  }

  function row(person) {
    const item = rail.querySelector("template").content.firstElementChild.cloneNode(true);
    const mark = item.querySelector(".mark");
    mark.textContent = person.mark;
    mark.title = person.organisation;
    if (person.kind === "ngo" || person.kind === "international") mark.classList.add(`mark-${person.kind}`);
    item.querySelector(".name").textContent = person.name;
    item.querySelector(".meta").textContent = writing.has(person.id) ? texts.textWriting : person.organisation;
    return item;
  }

  function showWriting() {
    const [first] = writing.values();
    dots.hidden = !first;
    const text = first ? texts.textTyping.replace("{name}", first.person.name).replace("{organisation}", first.person.organisation) : "";
    if (status.textContent !== text) status.textContent = text; // said once per person
    present(here);
  }

  function typing(person) {
    if (String(person.id) === me) return;
    window.clearTimeout(writing.get(person.id)?.timer);
    const timer = window.setTimeout(() => {
      writing.delete(person.id);
      showWriting();
    }, GONE_MS);
    writing.set(person.id, { person, timer });
    showWriting();
  }

  return {
    present,
    typing,
    /** Call `tell` when the person writes in the composer. */
    reportTyping(tell) {
      thread.addEventListener("input", ({ target }) => { if (target.matches("form[data-live] textarea") && target.value.trim()) tell(); });
    },
  };
}
