/** Small pages beside the document, drawn when they come into view. Each is a link to its page. */
const WIDTH = 58; // px

export class Strip {
  constructor(pages, node, toggle) {
    Object.assign(this, { pages, node, toggle });
  }

  prepare() {
    const { usual } = this.pages;
    const list = document.createElement("ol");
    for (const sheet of this.pages.sheets) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#page=${sheet.number}`;
      link.setAttribute("aria-label", this.pages.label(sheet.number));
      const frame = document.createElement("span");
      frame.className = "small-page";
      frame.style.aspectRatio = `${usual.width} / ${usual.height}`;
      const number = document.createElement("span");
      number.textContent = sheet.number;
      link.append(frame, number);
      link.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(history.state, "", link.hash);
        this.pages.goTo(sheet.number);
      });
      item.append(link);
      list.append(item);
      sheet.small = link;
    }
    this.node.append(list);
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        watcher.unobserve(entry.target);
        this.draw(entry.target);
      }
    }, { root: this.node, rootMargin: "100% 0%" });
    for (const sheet of this.pages.sheets) watcher.observe(sheet.small);
    const isWide = window.matchMedia("(min-width: 48em)").matches;
    this.show(isWide && this.pages.sheets.length > 1);
    this.toggle.addEventListener("click", () => this.show(this.node.hidden));
  }

  show(isShown) {
    this.node.hidden = !isShown;
    this.toggle.setAttribute("aria-pressed", String(isShown));
    if (isShown) this.mark(this.pages.current);
  }

  async draw(link) {
    const sheet = this.pages.sheets.find((one) => one.small === link);
    const page = await this.pages.pdf.getPage(sheet.number);
    const plain = page.getViewport({ scale: 1 });
    const dense = window.devicePixelRatio || 1;
    const viewport = page.getViewport({ scale: (WIDTH / plain.width) * dense });
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.floor(viewport.width));
    canvas.height = Math.max(1, Math.floor(viewport.height));
    canvas.setAttribute("aria-hidden", "true");
    await page.render({ canvas, viewport }).promise;
    const frame = link.querySelector(".small-page");
    frame.style.aspectRatio = `${plain.width} / ${plain.height}`;
    frame.replaceChildren(canvas);
  }

  mark(number) {
    if (this.marked) this.marked.removeAttribute("aria-current");
    this.marked = this.pages.sheets[number - 1]?.small;
    this.marked?.setAttribute("aria-current", "page");
    if (!this.marked || this.node.hidden) return;
    const top = this.marked.offsetTop - this.node.clientHeight / 2 + this.marked.clientHeight / 2;
    this.node.scrollTo({ top });
  }
}
