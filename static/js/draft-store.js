/**
 * Drafts in localStorage, one per person and text: `draft:<person>:<key>`. `sent:<person>:<key>` marks a text that a plain
 * form has sent: the next ordinary page of the same person proves that it arrived.
 */
const person = document.documentElement.dataset.person ?? "";

function all() {
  return Object.keys(window.localStorage).filter((key) => /^(draft|sent):/.test(key));
}

/** Run a write; a full or forbidden store means no drafts, never a broken page. */
function write(change) {
  try {
    change(window.localStorage);
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
  write((store) => {
    store.removeItem(`draft:${person}:${key}`);
    store.removeItem(`sent:${person}:${key}`);
  });
}

export function markSent(key) {
  write((store) => store.setItem(`sent:${person}:${key}`, "1"));
}

/** Keys whose text was sent by a plain form from the page before. */
export function sentKeys() {
  const start = `sent:${person}:`;
  return all().filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
}

/** Not proven after all (an error page, the sign-in page came between): the drafts stay drafts. */
export function forgetSentMarks() {
  for (const key of all()) if (key.startsWith("sent:")) write((store) => store.removeItem(key));
}

/** On a shared computer nobody finds another person's text. */
export function dropOthersDrafts() {
  for (const key of all()) if (key.split(":")[1] !== person) write((store) => store.removeItem(key));
}
