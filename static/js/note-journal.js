/**
 * The journal of what is being written in minutes: every keystroke is in localStorage before anything else happens.
 *
 * One entry per editor (a browser tab): `note:<person>:<item>:<editor>` = {text, base, at}. `base` is the revision that the
 * text was written on. An entry goes away only when the server has said that it holds exactly this text. A tab that is gone
 * (crash, closed laptop) leaves its entry; the next editor of the same item adopts it. That a tab is alive is told by a lock
 * that it holds as long as it lives.
 */
const person = document.documentElement.dataset.person ?? "";
const LOCK = "note-editor:";

/** This tab's name: it survives reloads, and a restored tab after a crash gets it back. */
export function editorKey(newId) {
  let key = window.sessionStorage.getItem("note-editor");
  if (!key) {
    key = newId();
    window.sessionStorage.setItem("note-editor", key);
  }
  return key;
}

/** Hold this editor's name. @returns {Promise<boolean>} false if another living tab has it (a duplicated tab) */
export function holdName(key) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(LOCK + key, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {}); // until the tab is gone
    });
  });
}

const name = (item, key) => `note:${person}:${item}:${key}`;

/** @returns {boolean} whether the browser could keep it */
export function write(item, key, text, base) {
  try {
    window.localStorage.setItem(name(item, key), JSON.stringify({ text, base, at: Date.now() }));
    return true;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return false; // full or forbidden: the server is then the only place
  }
}

export function read(item, key) {
  const kept = window.localStorage.getItem(name(item, key));
  return kept === null ? null : JSON.parse(kept);
}

export function drop(item, key) {
  window.localStorage.removeItem(name(item, key));
}

/** Entries of this item that editors have left which are no longer alive. @returns {Promise<{key, text, base, at}[]>} */
export async function orphans(item, own) {
  const start = `note:${person}:${item}:`;
  const keys = Object.keys(window.localStorage).filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
  const others = keys.filter((key) => key !== own);
  if (!others.length) return [];
  const { held } = navigator.locks ? await navigator.locks.query() : { held: [] };
  const alive = new Set(held.map((lock) => lock.name));
  return others.filter((key) => !alive.has(LOCK + key)).map((key) => ({ key, ...read(item, key) })).sort((a, b) => a.at - b.at);
}

/** Items of which somebody here has written something that has not arrived, among those given. @returns {string[]} */
export function unsent(items) {
  const start = `note:${person}:`;
  const kept = new Set(Object.keys(window.localStorage).filter((key) => key.startsWith(start)).map((key) => key.slice(start.length).split(":")[0]));
  return items.filter((item) => kept.has(item));
}
