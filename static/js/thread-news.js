/** New posts: said to screen readers at most every 5 s, counted in the pill while they are out of sight. */
const EVERY_MS = 5000;

export function startNews(thread) {
  const texts = thread.dataset;
  const log = thread.querySelector("[data-announce]");
  const pill = thread.querySelector("[data-pill]");
  const unseen = new Set();
  let unsaid = [];
  let lastSaid = -EVERY_MS;
  let timer = 0;

  const count = (n) => (n === 1 ? texts.textNewOne : texts.textNew.replace("{n}", n));

  function say() {
    timer = 0;
    lastSaid = performance.now();
    const names = [...new Set(unsaid.map((post) => post.dataset.organisation))];
    const listed = names.length > 1 ? `${names.slice(0, -1).join(", ")} ${texts.textAnd} ${names.at(-1)}` : names[0];
    const line = document.createElement("p");
    line.textContent = texts.textFrom.replace("{posts}", count(unsaid.length)).replace("{names}", listed);
    log.replaceChildren(line);
    unsaid = [];
  }

  function showPill() {
    pill.hidden = unseen.size === 0;
    if (unseen.size) pill.textContent = count(unseen.size);
  }

  const sight = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      unseen.delete(target);
      sight.unobserve(target);
    }
    showPill();
  });

  pill.addEventListener("click", () => {
    const [first] = unseen;
    first?.scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
  });

  return {
    /** @param {HTMLElement[]} posts by others, just put on the page */
    tell(posts) {
      if (!posts.length) return;
      unsaid.push(...posts);
      if (!timer) timer = window.setTimeout(say, Math.max(0, lastSaid + EVERY_MS - performance.now()));
      for (const post of posts) {
        const box = post.getBoundingClientRect();
        if (box.top < window.innerHeight && box.bottom > 0) continue;
        unseen.add(post);
        sight.observe(post);
      }
      showPill();
    },
  };
}
