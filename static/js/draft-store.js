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

/** Where a draft's choices are kept, such as a tick beside the text: they come and go with it. */
const beside = (key) => `draft:${person}:${key}:choices`;

/** @returns {string|null} */
export const readDraft = (key) => window.localStorage.getItem(`draft:${person}:${key}`);

/** @returns {[string, string|boolean][]} names of the controls and what they had when the draft was kept */
export const readChoices = (key) => keptList(beside(key));

export function keepDraft(key, text, choices = []) {
  forgetSent(key);
  write((store) => {
    if (text.trim()) store.setItem(`draft:${person}:${key}`, text);
    else store.removeItem(`draft:${person}:${key}`);
    if (text.trim() && choices.length) store.setItem(beside(key), JSON.stringify(choices));
    else store.removeItem(beside(key));
  });
}

export const dropDraft = (key) => keepDraft(key, "");

/** What is kept from now on is another text than the one that is on its way. */
function forgetSent(key) {
  for (const mark of keys(`sent:${person}:`)) if (keptList(mark).includes(key)) write((store) => store.removeItem(mark));
}

export function markSent(name, sent) {
  write((store) => store.setItem(`sent:${person}:${name}`, JSON.stringify(sent)));
}

/** @returns {string[]} the keys of the texts that were sent under a name and have not been changed since */
export const keysSentAs = (name) => keptList(`sent:${person}:${name}`);

function keptList(key) {
  try {
    return JSON.parse(window.localStorage.getItem(key) ?? "[]");
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

/** On a shared computer nobody finds another person's text. */
export function dropOthersDrafts() {
  for (const key of [...keys("draft:"), ...keys("sent:")]) if (key.split(":")[1] !== person) write((store) => store.removeItem(key));
}
