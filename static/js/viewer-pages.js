/** The pages of a document on the desk: each is drawn when it comes near, with its text on top, to be selected and read aloud. */
const NEAR = 1.5; // heights of the desk above and below that are drawn ahead
const MOST_PIXELS = 16_000_000; // of one canvas
const WIDEST = 1.5; // pages are fitted to the desk, but not blown up more than this

export class Pages {
  constructor(pdfjs, pdf, desk, label) {
    Object.assign(this, { pdfjs, pdf, desk, label });
    this.scale = 1;
    this.current = 1;
    this.isFitted = true;
    this.onPage = () => {};
    this.onText = () => {};
    this.sheets = [];
    this.texts = new Map();
  }

  async prepare() {
    const first = (await this.pdf.getPage(1)).getViewport({ scale: 1 });
    this.usual = { width: first.width, height: first.height };
    const list = document.createDocumentFragment();
    for (let number = 1; number <= this.pdf.numPages; number += 1) {
      const node = document.createElement("section");
      node.className = "pdf-page";
      node.setAttribute("aria-label", this.label(number));
      this.sheets.push({ number, node, ...this.usual, drawn: 0 });
      list.append(node);
    }
    this.desk.append(list);
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      root: this.desk, rootMargin: `${NEAR * 100}% 0%`,
    });
    for (const sheet of this.sheets) this.watcher.observe(sheet.node);
    this.desk.addEventListener("scroll", () => this.noteCurrent(), { passive: true });
  }

  seen(entries) {
    for (const entry of entries) {
      const sheet = this.sheets.find((one) => one.node === entry.target);
      sheet.isNear = entry.isIntersecting;
      if (sheet.isNear) this.draw(sheet);
      else this.clear(sheet);
    }
  }

  /** So that a page fits into the desk's width. */
  fit() {
    const style = getComputedStyle(this.desk);
    const room = this.desk.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    this.zoomTo(Math.min(room / this.usual.width, WIDEST), { isFitted: true });
  }

  zoomTo(scale, { isFitted = false } = {}) {
    const at = this.current;
    this.scale = scale;
    this.isFitted = isFitted;
    for (const sheet of this.sheets) {
      this.size(sheet);
      sheet.drawn = 0;
      if (sheet.isNear) this.draw(sheet);
    }
    this.goTo(at);
  }

  size(sheet) {
    sheet.node.style.width = `${Math.floor(sheet.width * this.scale)}px`;
    sheet.node.style.height = `${Math.floor(sheet.height * this.scale)}px`;
    sheet.node.style.setProperty("--total-scale-factor", String(this.scale));
  }

  async draw(sheet) {
    if (sheet.drawn === this.scale) return;
    sheet.drawn = this.scale;
    const scale = this.scale;
    try {
      const page = await this.pdf.getPage(sheet.number);
      const viewport = page.getViewport({ scale });
      if (sheet.drawn !== scale) return; // meanwhile zoomed or gone
      Object.assign(sheet, { width: viewport.width / scale, height: viewport.height / scale });
      this.size(sheet);
      const dense = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.floor(viewport.width * dense));
      canvas.height = Math.max(1, Math.floor(viewport.height * dense));
      canvas.setAttribute("aria-hidden", "true");
      sheet.task?.cancel();
      sheet.task = page.render({ canvas, viewport, transform: dense === 1 ? null : [dense, 0, 0, dense, 0, 0] });
      await sheet.task.promise;
      if (sheet.drawn !== scale) return;
      const words = document.createElement("div");
      words.className = "text-layer";
      const layer = new this.pdfjs.TextLayer({ textContentSource: await this.contentOf(sheet.number), container: words, viewport });
      await layer.render();
      if (sheet.drawn !== scale) return;
      sheet.node.replaceChildren(canvas, words);
      sheet.layer = { divs: layer.textDivs, strings: layer.textContentItemsStr };
      this.onText(sheet);
    } catch (error) {
      if (error.name !== "RenderingCancelledException") throw error;
    }
  }

  clear(sheet) {
    sheet.task?.cancel();
    sheet.drawn = 0;
    sheet.layer = null;
    sheet.node.replaceChildren();
  }

  /** The text of a page, read once. */
  async contentOf(number) {
    if (!this.texts.has(number)) {
      const page = await this.pdf.getPage(number);
      this.texts.set(number, await page.getTextContent());
    }
    return this.texts.get(number);
  }

  goTo(number) {
    const wanted = Math.min(Math.max(number, 1), this.pdf.numPages);
    const { node } = this.sheets[wanted - 1];
    this.desk.scrollTo({ top: node.offsetTop - 16 });
    this.note(wanted);
  }

  /** Bring a part of a page into view: the desk is scrolled, and the window only if the desk is not in it. */
  show(part) {
    const box = part.getBoundingClientRect();
    const frame = this.desk.getBoundingClientRect();
    if (box.top < frame.top + 20 || box.bottom > frame.bottom - 20) {
      this.desk.scrollTop += box.top - frame.top - frame.height / 3;
    }
    if (box.left < frame.left || box.right > frame.right) this.desk.scrollLeft += box.left - frame.left - frame.width / 3;
  }

  noteCurrent() {
    const middle = this.desk.scrollTop + this.desk.clientHeight / 3;
    const found = this.sheets.findLast((sheet) => sheet.node.offsetTop <= middle);
    this.note(found?.number ?? 1);
  }

  note(number) {
    this.current = number;
    this.onPage(number);
  }
}
