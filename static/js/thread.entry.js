/** A live thread: wires the parts together. */
import { ThreadFeed } from "./thread-live.js";
import { startNews } from "./thread-news.js";
import { ThreadPosts } from "./thread-posts.js";
import { startPeople } from "./thread-people.js";
import { startSending } from "./thread-sending.js";

const thread = document.querySelector("[data-thread]");
if (thread) {
  const posts = new ThreadPosts(thread.querySelector("[data-posts]"));
  posts.showOwnMenus();
  if (thread.hasAttribute("data-live")) {
    const news = startNews(thread);
    const people = startPeople(thread);
    const feed = new ThreadFeed({
      topic: thread.dataset.topic,
      postsUrl: thread.dataset.postsUrl,
      lastSeq: Number(thread.dataset.lastSeq),
      onPosts: (html) => news.tell(posts.put(html)),
      onPresence: people.present,
      onTyping: people.typing,
      onGone: (html) => { thread.querySelector("[data-composer-place]")?.replaceChildren(...html.childNodes); },
    });
    startSending(thread, { posts, feed });
    people.reportTyping(() => feed.typing());
    feed.start();
  }
}
