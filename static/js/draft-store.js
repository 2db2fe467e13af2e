/**
 * Drafts in localStorage, one per person and text: `draft:<person>:<key>`. `sent:<person>:<key>` in sessionStorage marks a
 * text that a plain form of this tab has sent: the tab's next ordinary page proves that it arrived. Another tab's page
 * proves nothing.
 */
const person = document.documentElement.dataset.person ?? "";

const keys = (store, start) => Object.keys(store).filter((key) => key.startsWith(start));

/** Run a write; a full or forbidden store means no drafts, never a broken page. */
function write(change) {
  try {
    change(window.localStorage, window.sessionStorage);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** @returns {string|null} */
export const readDraft = (key) => window.localStorage.getItem(`draft:${person}:${key}`);

export function keepDraft(key, text) {
  write((store) => (text.trim() ? store.setItem(`draft:${person}:${key}`, text) : store.removeItem(`draft:${person}:${key}`)));
}

export function dropDraft(key) {
  write((store, tab) => {
    store.removeItem(`draft:${person}:${key}`);
    tab.removeItem(`sent:${person}:${key}`);
  });
}

export function markSent(key) {
  write((_store, tab) => tab.setItem(`sent:${person}:${key}`, "1"));
}

/** Keys whose text was sent by a plain form from this tab's page before. */
export function sentKeys() {
  const start = `sent:${person}:`;
  return keys(window.sessionStorage, start).map((key) => key.slice(start.length));
}

/** Not proven after all (an error page, the sign-in page came between): the drafts stay drafts. */
export function forgetSentMarks() {
  for (const key of keys(window.sessionStorage, "sent:")) write((_store, tab) => tab.removeItem(key));
}

/** On a shared computer nobody finds another person's text. */
export function dropOthersDrafts() {
  for (const key of keys(window.localStorage, "draft:")) if (key.split(":")[1] !== person) write((store) => store.removeItem(key));
}
