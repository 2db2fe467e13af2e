/**
 * Posts that are on their way, in localStorage: `outbox:<person>:<thread>`, in the order of writing. A post stands there
 * from the moment it is sent until the portal has it, so that it outlives a reload, a lost network and a lost session. Its
 * client_id makes it one post, and one tab at a time sends those of a thread (navigator.locks, where the browser has them).
 *
 * @typedef {object} KeptPost
 * @property {string} client_id
 * @property {string} action where it is sent
 * @property {[string, string][]} fields of its form, all but the form's token
 * @property {string[]} files names of those that were chosen; they themselves cannot be kept
 * @property {number} at when it was written
 * @property {number} [askedAt] when somebody last said that it is to be sent
 * @property {boolean} [isHeld] it failed: nobody wants it published unasked
 */
const person = document.documentElement.dataset.person ?? "";
const start = `outbox:${person}:`;
const DAY_MS = 86_400_000;
const here = new Set(); // keys whose posts the page itself shows and sends

export class Outbox {
  /** @param {string} topic of the thread */
  constructor(topic) {
    this.key = `${start}${topic}`;
  }

  /** @returns {KeptPost[]} in the order of writing */
  all() {
    try {
      const kept = JSON.parse(window.localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept.filter((one) => Array.isArray(one?.fields)) : [];
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof DOMException) return [];
      throw error;
    }
  }

  has(id) {
    return this.all().some((one) => one.client_id === id);
  }

  /** @returns {boolean} whether it is kept: a full or forbidden store keeps nothing */
  keep(post) {
    return this.store([...this.all().filter((one) => one.client_id !== post.client_id), post]);
  }

  change(id, values) {
    return this.store(this.all().map((one) => (one.client_id === id ? { ...one, ...values } : one)));
  }

  drop(id) {
    this.store(this.all().filter((one) => one.client_id !== id));
  }

  store(posts) {
    try {
      if (posts.length) window.localStorage.setItem(this.key, JSON.stringify(posts));
      else window.localStorage.removeItem(this.key);
      return true;
    } catch (error) {
      if (error instanceof DOMException) return false;
      throw error;
    }
  }

  /** Do `work` while no other tab sends posts of the thread. */
  alone(work) {
    return navigator.locks ? navigator.locks.request(this.key, work) : work();
  }

  /** The page shows and sends them; waiting-posts.js leaves them alone. */
  takeOver() {
    here.add(this.key);
  }

  get isTakenOver() {
    return here.has(this.key);
  }
}

/**
 * Whether it may go without being asked for: neither failed nor a day old. Both times are this browser's, so that a wrong clock
 * does not matter; one that was set by a day or more in between leaves nobody knowing how old it is.
 */
export const goesByItself = ({ isHeld, at, askedAt }) => !isHeld && Math.abs(Date.now() - (askedAt ?? at)) < DAY_MS;

/** What is kept of a form: all but its token, which is the session's, and files. */
export const fieldsOf = (body) => [...body].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");

export function bodyOf(fields) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return body;
}

/** @returns {Outbox[]} of the threads in which the person has posts that are on their way */
export function filledOutboxes() {
  return keys().filter((key) => key.startsWith(start)).map((key) => new Outbox(key.slice(start.length))).filter((box) => box.all().length);
}

/** On every page: nobody finds, or sends, another person's post on a shared computer, and one's own are sent. */
export function startOutbox() {
  if (!person) return;
  for (const key of keys()) if (!key.startsWith(start)) window.localStorage.removeItem(key);
  if (!filledOutboxes().length) return;
  const begin = async () => (await import("./waiting-posts.js")).startWaitingPosts();
  if (document.readyState === "complete") begin();
  else window.addEventListener("load", begin, { once: true }); // an open thread has taken over its own by then
}

function keys() {
  try {
    return Object.keys(window.localStorage).filter((key) => key.startsWith("outbox:"));
  } catch (error) {
    if (error instanceof DOMException) return [];
    throw error;
  }
}
