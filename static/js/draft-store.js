/**
 * Drafts in localStorage, one per person and text: `draft:<person>:<key>`. `sent:<person>:<name>` = [keys] marks texts that a
 * plain form has sent under that name. Only the portal can say that they arrived: its next page bears the name
 * (portal-arrived). Whatever else comes, an error page, a proxy's, the browser's own or none at all, proves nothing.
 */
const person = document.documentElement.dataset.person ?? "";

const keys = (start) => Object.keys(window.localStorage).filter((key) => key.startsWith(start));

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
  forgetSent(key);
  write((store) => (text.trim() ? store.setItem(`draft:${person}:${key}`, text) : store.removeItem(`draft:${person}:${key}`)));
}

export function dropDraft(key) {
  forgetSent(key);
  write((store) => store.removeItem(`draft:${person}:${key}`));
}

/** What is kept from now on is another text than the one that is on its way. */
function forgetSent(key) {
  for (const mark of keys(`sent:${person}:`)) if (sentKeys(mark).includes(key)) write((store) => store.removeItem(mark));
}

export function markSent(name, sent) {
  write((store) => store.setItem(`sent:${person}:${name}`, JSON.stringify(sent)));
}

/** @returns {string[]} the keys of the texts that were sent under a name and have not been changed since */
export const keysSentAs = (name) => sentKeys(`sent:${person}:${name}`);

function sentKeys(mark) {
  try {
    return JSON.parse(window.localStorage.getItem(mark) ?? "[]");
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

/** On a shared computer nobody finds another person's text. */
export function dropOthersDrafts() {
  for (const key of [...keys("draft:"), ...keys("sent:")]) if (key.split(":")[1] !== person) write((store) => store.removeItem(key));
}
