/**
 * The live feed of a thread. The socket only listens: `watch` first, then the gap over HTTP, so that nothing falls between.
 *
 * Every new or changed post has the thread's next number. Events with the number that follows are shown at once; a number
 * already had is dropped; a gap makes us ask `…/posts?after=<last>` (fragments, header X-Last-Seq), again and again until
 * there is an answer. Without a socket we ask every 20 s, with one every 30 s: an event that was lost on the server leaves
 * no gap until the next one comes. Events: items {topic, items: [{seq, html}]}, changed {topic, id, seq, html}, presence {topic, people},
 * typing {topic, person}, behind {topic, seq}: written by another process. `html` is a string, or an object with one form per language.
 */
import { showCounts } from "./live-counts.js";
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";
import { openSocket } from "./socket.js";

const POLL_MS = 20_000;
const SURE_MS = 30_000;
const RETRY_MS = [1_000, 30_000];
const TYPING_MS = 3_000;
const SPREAD_MS = 400; // a thousand who are told to ask do not ask at once
const ACK_MS = 8_000;
const FULL_ANSWER = 200; // as many posts as the server sends at once: there may be more

export class ThreadFeed {
  /**
   * @param {{topic: string, postsUrl: string, lastSeq: number, onPosts: (html: string) => void,
   *   onPresence: (people: object[]) => void, onTyping: (person: object) => void, onStanding?: (mayWrite: boolean) => void,
   *   onGone: (part: DocumentFragment) => void}} options
   */
  constructor(options) {
    this.onStanding = () => {}; // only a thread has a composer that comes and goes
    Object.assign(this, options);
    this.language = document.documentElement.lang;
    this.waiting = new Map(); // number -> html, beyond a gap
    this.asking = null;
    this.askAgain = false;
    this.isBehind = false; // something was asked for and has not been answered
    this.failures = 0;
    this.askedAt = performance.now();
    this.isGone = false;
    this.isSignedOut = false;
    this.lastTyping = -Infinity;
  }

  start() {
    this.socket = openSocket();
    this.socket.on("connect", () => this.watch());
    showCounts(this.socket);
    this.socket.on("disconnect", (reason) => this.dropped(reason));
    this.socket.on("items", (event) => { if (event.topic === this.topic) this.take(event.items); });
    this.socket.on("changed", (event) => { if (event.topic === this.topic) this.take([event]); });
    this.socket.on("behind", (event) => { if (event.topic === this.topic) this.lookFor(event.seq); });
    this.socket.on("presence", (event) => { if (event.topic === this.topic) this.onPresence(event.people); });
    this.socket.on("typing", (event) => { if (event.topic === this.topic) this.onTyping(event.person); });
    this.poll = window.setInterval(() => {
      const patience = this.socket.connected ? SURE_MS : POLL_MS;
      if (performance.now() - this.askedAt >= patience) this.catchUp();
    }, POLL_MS / 4);
    document.addEventListener("portal:session-back", () => this.resume());
    document.addEventListener("portal:contact-back", () => this.resume());
    window.addEventListener("pagehide", () => this.socket.disconnect());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.resume(); });
  }

  resume() {
    if (this.isGone) return;
    this.isSignedOut = false;
    if (!this.socket.connected) this.socket.connect();
    this.catchUp();
  }

  async watch() {
    let answer;
    try {
      answer = await this.socket.timeout(ACK_MS).emitWithAck("watch", { topic: this.topic, lang: this.language });
    } catch {
      this.socket.disconnect().connect(); // no answer to "watch": this connection is of no use
      return;
    }
    if (!answer.ok) { // asking says why: session ended, no longer shared with us, or something that may be over in a moment
      this.socket.disconnect();
      window.setTimeout(() => this.comeBack(), 1_000 + Math.random() * 4_000);
      return;
    }
    this.onPresence(answer.presence ?? []);
    if (answer.seq > this.lastSeq) this.catchUp();
  }

  dropped(reason) {
    this.onPresence([]);
    if (reason === "io client disconnect") return;
    // Sent away: our rights have changed, or this very tab is signing out and will be gone in a moment.
    if (reason === "io server disconnect") window.setTimeout(() => this.comeBack(), 1_000 + Math.random() * 2_000);
    else this.catchUp(); // is the portal there at all? the page says it at once if it is not; socket.io connects by itself
  }

  /** Ask first, over HTTP, whether we still may. */
  async comeBack() {
    await this.catchUp();
    if (!this.isGone && !this.isSignedOut) this.socket.connect();
  }

  /** Say that we are writing, at most every 3 s. */
  typing() {
    const now = performance.now();
    if (!this.socket.connected || now - this.lastTyping < TYPING_MS) return;
    this.lastTyping = now;
    this.socket.emit("typing", { topic: this.topic });
  }

  /** @param {{seq: number, html: string|Object<string, string>}[]} updates new or changed posts, in any order */
  take(updates) {
    for (const { seq, html } of updates) {
      if (seq > this.lastSeq) this.waiting.set(seq, typeof html === "string" ? html : html[this.language]);
    }
    this.showReady();
    if (this.waiting.size) this.catchUp();
  }

  /** Something was written elsewhere that the socket does not bring. Not all readers ask in the same moment. */
  lookFor(seq) {
    window.setTimeout(() => { if (seq > this.lastSeq) this.catchUp(); }, Math.random() * SPREAD_MS);
  }

  showReady() {
    const ready = [];
    while (this.waiting.has(this.lastSeq + 1)) {
      this.lastSeq += 1;
      ready.push(this.waiting.get(this.lastSeq));
      this.waiting.delete(this.lastSeq);
    }
    if (ready.length) this.onPosts(ready.join(""));
  }

  /** Ask for what we lack. One question at a time; whoever comes meanwhile gets one more round. */
  catchUp() {
    if (this.isGone) return Promise.resolve();
    if (this.asking) this.askAgain = true;
    else this.asking = this.rounds().finally(() => { this.asking = null; });
    return this.asking;
  }

  async rounds() {
    this.isBehind = true;
    do {
      this.askAgain = false;
      try {
        this.askAgain = (await this.askOnce()) || this.askAgain;
      } catch (error) {
        if (error instanceof SessionEnded) {
          this.isSignedOut = true; // the page says it; when the session is back, we are too
          this.socket.disconnect();
          return;
        }
        if (!(error instanceof NoContact)) throw error;
        this.askLater();
        return;
      }
    } while (this.askAgain);
    this.isBehind = false;
    this.failures = 0;
  }

  /** No answer: once more in a moment, then more and more seldom. */
  askLater() {
    const [first, most] = RETRY_MS;
    const wait = Math.min(first * 2 ** this.failures, most) * (0.75 + Math.random() / 2);
    this.failures += 1;
    window.setTimeout(() => { if (this.isBehind) this.catchUp(); }, wait);
  }

  /**
   * @returns {Promise<boolean>} whether there may be more
   * @throws {NoContact} no answer, or not a whole one
   */
  async askOnce() {
    const url = new URL(this.postsUrl, window.location.href);
    url.searchParams.set("after", String(this.lastSeq));
    this.askedAt = performance.now();
    const answer = await fetchPart(url, { isByItself: true });
    const html = await wholeText(answer);
    if (answer.status === 403 || answer.status === 404) {
      this.gone(html);
      return false;
    }
    if (!answer.ok) throw new NoContact(`${url}: ${answer.status}`);
    this.onStanding(answer.headers.get("X-May-Write") === "1");
    const numbers = [...parts(html).querySelectorAll("[data-change-seq]")].map((post) => Number(post.dataset.changeSeq));
    const isFull = numbers.length >= FULL_ANSWER;
    const told = isFull ? 0 : Number(answer.headers.get("X-Last-Seq") ?? 0);
    this.lastSeq = Math.max(this.lastSeq, told, ...numbers);
    for (const seq of this.waiting.keys()) if (seq <= this.lastSeq) this.waiting.delete(seq);
    if (html.trim()) this.onPosts(html);
    this.showReady();
    return isFull;
  }

  gone(html) {
    this.isGone = true;
    window.clearInterval(this.poll);
    this.socket.disconnect();
    this.onGone(parts(html));
  }
}
