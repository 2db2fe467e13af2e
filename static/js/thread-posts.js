/** The posts on the page: puts fragments in their place, replaces changed ones, never the same post twice. */
import { parts } from "./net.js";
import { pressOwn } from "./thread-reactions.js";

export class ThreadPosts {
  /** @param {HTMLElement} list holder of article.post[data-seq] */
  constructor(list) {
    this.list = list;
    this.me = document.documentElement.dataset.person;
  }

  posts() {
    return [...this.list.querySelectorAll("article[data-seq]")];
  }

  /**
   * Put fragments in place.
   * @param {string} html
   * @returns {HTMLElement[]} the posts that are new on the page and not one's own
   */
  put(html) {
    const fresh = [];
    for (const post of parts(html).querySelectorAll("article[data-seq]")) {
      const adopted = document.importNode(post, true);
      if (this.place(adopted) && adopted.dataset.author !== this.me) fresh.push(adopted);
    }
    this.pressOwn();
    return fresh;
  }

  /** @returns {boolean} whether the post is new on the page */
  place(post) {
    const old = document.getElementById(post.id);
    if (old) {
      if (Number(old.dataset.changeSeq) < Number(post.dataset.changeSeq)) replace(old, post);
      return false;
    }
    const all = this.posts();
    const seq = Number(post.dataset.seq);
    if (all.length && seq < Number(all[0].dataset.seq)) return false; // folded away among the earlier posts
    const pending = post.dataset.client && this.list.querySelector(`article[data-pending="${CSS.escape(post.dataset.client)}"]`);
    if (pending && post.dataset.author === this.me) pending.remove();
    const before = all.filter((other) => Number(other.dataset.seq) < seq).at(-1);
    post.classList.add("post-arrived");
    this.keepComposerStill(() => {
      if (before) before.after(post);
      else this.list.prepend(post);
      this.takeOut(post);
    });
    return !post.classList.contains("post-line");
  }

  /** A line may say that the posts above it, from a number on, stand in another thread now. */
  takeOut(line) {
    if (!line.dataset.goneFrom) return;
    const [from, to] = [Number(line.dataset.goneFrom), Number(line.dataset.seq)];
    for (const post of this.posts()) {
      const seq = Number(post.dataset.seq);
      if (seq >= from && seq < to) post.remove();
    }
  }

  /** Put the posts of a further part of the thread above or below those that are there. */
  add(html, where) {
    const fresh = [...parts(html).querySelectorAll("article[data-seq]")].filter((post) => !document.getElementById(post.id));
    this.list[where === "older" ? "prepend" : "append"](...fresh.map((post) => document.importNode(post, true)));
    this.pressOwn();
    return fresh.length;
  }

  /** Who writes must not lose sight of the field: the page moves under it instead. */
  keepComposerStill(change) {
    const form = document.querySelector("form[data-composer]");
    const isWriting = form?.contains(document.activeElement);
    const before = isWriting ? form.getBoundingClientRect().top : 0;
    change();
    if (isWriting) window.scrollBy(0, form.getBoundingClientRect().top - before);
  }

  /** Fragments are the same for everybody; the reader's own reactions are pressed here. */
  pressOwn() {
    pressOwn(this.list, this.me);
  }
}

function replace(old, post) {
  const held = old.contains(document.activeElement);
  old.replaceWith(post);
  if (held) post.focus({ preventScroll: true });
}
