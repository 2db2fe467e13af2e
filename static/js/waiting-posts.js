/**
 * Posts that wait to be sent, of threads that are not open here: every page sends them, in the order of writing, and says
 * how many are left. What failed, is a day old, or had files that could not be kept waits for its author (thread-sending.js).
 */
import { showWaiting } from "./offline.js";
import { deliver } from "./post-delivery.js";
import { bodyOf, filledOutboxes, goesByItself } from "./thread-outbox.js";

const AGAIN_S = 30;
const LAST = 2 ** 31 - 1; // the greatest number that a post can have: the end of a thread, where the waiting posts stand
let running = null;
let timer = 0;

const elsewhere = () => filledOutboxes().filter((box) => !box.isTakenOver);

export function startWaitingPosts() {
  for (const event of ["portal:contact-back", "portal:session-back"]) document.addEventListener(event, sendWaiting);
  document.addEventListener("portal:contact", ({ detail }) => { if (!detail.lost) sendWaiting(); });
  window.addEventListener("storage", ({ key }) => { if (key?.startsWith("outbox:")) tell(); });
  sendWaiting();
}

/** Send what may go; whoever asks meanwhile waits for the same round. */
export function sendWaiting() {
  running ??= sendAll().finally(() => { running = null; });
  return running;
}

async function sendAll() {
  window.clearTimeout(timer);
  tell();
  for (const box of elsewhere()) await box.alone(() => sendThread(box));
  tell();
}

async function sendThread(box) {
  for (const kept of box.all()) {
    if (box.isTakenOver) return;
    if (!goesByItself(kept) || (kept.files.length && !kept.askedAt)) continue;
    const { name, seconds = AGAIN_S, isSignedOut } = await deliver(kept.action, bodyOf(kept.fields), { isByItself: true });
    if (name === "arrived") box.drop(kept.client_id);
    else if (name === "refused" || name === "failed") box.change(kept.client_id, { isHeld: true });
    else {
      if (!isSignedOut) timer = window.setTimeout(sendWaiting, seconds * 1000);
      return;
    }
    tell();
  }
}

function tell() {
  const boxes = elsewhere();
  const posts = boxes.flatMap((box) => box.all());
  showWaiting(posts.length, posts[0]?.action.replace(/\/posts$/, `?at=${LAST}#composer`));
}
