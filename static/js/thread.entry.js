/** A live thread: wires the parts together. */
import { adoptComposer } from "./composer.js";
import { readDraft } from "./draft-store.js";
import { adoptDraft, keepAll } from "./drafts.js";
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";
import { giveFiles, takeFiles } from "./thread-attaching.js";
import { startSharedDraft } from "./thread-drafts.js";
import { ThreadFeed } from "./thread-live.js";
import { startMenus } from "./thread-menus.js";
import { startNews } from "./thread-news.js";
import { ThreadPosts } from "./thread-posts.js";
import { startPeople } from "./thread-people.js";
import { startQuoting } from "./thread-quoting.js";
import { startReading } from "./thread-reading.js";
import { startReactions } from "./thread-reactions.js";
import { startSending } from "./thread-sending.js";
import { startWindow } from "./thread-window.js";

let leftFiles = []; // chosen in a composer that has gone
let take = () => {}; // before the end of a thread is on the page, nothing is live

/** What may be written has changed: the composer goes (its text stays, to be read and copied) or comes, and it says why. */
async function showStanding(thread, mayWrite, sending) {
  const place = thread.querySelector("[data-composer-place]");
  if (!place || mayWrite === Boolean(place.querySelector("form[data-composer]"))) return;
  try {
    const answer = await fetchPart(thread.dataset.standingUrl, { isByItself: true });
    if (!answer.ok) return;
    showBelow(thread, parts(await wholeText(answer)));
  } catch (error) {
    if (error instanceof NoContact || error instanceof SessionEnded) return; // the next answer says it again
    throw error;
  }
  const form = place.querySelector("form[data-composer]");
  if (form) {
    adoptComposer(form);
    adoptDraft(form.querySelector("textarea"));
  }
  sending.refresh();
}

/** What stands below the posts from now on. What was being written stays there, also where there is no field for it. */
function showBelow(thread, part) {
  keepAll();
  const place = thread.querySelector("[data-composer-place]");
  const form = place.querySelector("form[data-composer]");
  const text = form?.querySelector("textarea").value ?? "";
  const files = form ? takeFiles(form) : leftFiles;
  place.replaceChildren(...part.childNodes);
  const next = place.querySelector("form[data-composer]");
  leftFiles = next ? [] : files;
  if (next) giveFiles(next, files);
  else showText(thread, text);
}

function showText(thread, text) {
  if (!text.trim()) return;
  const place = thread.querySelector("[data-composer-place]");
  place.querySelector("[data-kept-text]")?.remove(); // an older draft
  const kept = thread.querySelector("template[data-your-text]").content.firstElementChild.cloneNode(true);
  kept.querySelector("textarea").value = text;
  place.append(kept);
}

function goLive(thread, posts) {
  const news = startNews(thread);
  const people = startPeople(thread);
  const feed = new ThreadFeed({
    topic: thread.dataset.topic,
    postsUrl: thread.dataset.postsUrl,
    lastSeq: Number(thread.dataset.lastSeq),
    onPosts: (html) => news.tell(posts.put(html)),
    onPresence: people.present,
    onTyping: people.typing,
    onStanding: (mayWrite) => showStanding(thread, mayWrite, sending),
    onGone: (html) => {
      showBelow(thread, html);
      sending.refresh();
    },
  });
  const sending = startSending(thread, { posts, feed });
  startSharedDraft(thread, sending);
  take = (updates) => feed.take(updates);
  people.reportTyping(() => feed.typing());
  feed.start();
}

/** A draft of this browser, on the page of a thread where nothing can be written. What it saved on the portal holds its waiting posts too. */
function showDraft(thread) {
  const place = thread.querySelector("[data-composer-place]");
  if (!place || place.querySelector("form[data-composer]")) return;
  const shared = place.querySelector("[data-kept-text]");
  const key = thread.dataset.topic;
  if (!shared || shared.dataset.keptText === readDraft(`shared:${key}`)) showText(thread, readDraft(key) ?? "");
}

const thread = document.querySelector("[data-thread]");
if (thread) {
  showDraft(thread);
  const posts = new ThreadPosts(thread.querySelector("[data-posts]"));
  posts.pressOwn();
  startMenus(thread);
  startReading(thread, posts);
  startQuoting(thread);
  startReactions(thread, { posts, take: (updates) => take(updates) });
  startWindow(thread, posts, () => goLive(thread, posts));
  if (thread.hasAttribute("data-live")) goLive(thread, posts);
}
