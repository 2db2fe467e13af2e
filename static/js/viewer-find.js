/** Search in the document: every word is looked for as it stands; hits are counted, marked, and gone through with Enter. */
const MOST_HITS = 2_000;

const fold = (text) => {
  const low = text.toLowerCase();
  return low.length === text.length ? low : [...text].map((one) => (one.toLowerCase().length === 1 ? one.toLowerCase() : one)).join("");
};

export class Finder {
  constructor(pages, place) {
    this.pages = pages;
    this.texts = place.dataset;
    this.form = place.querySelector("[data-find]");
    this.field = this.form.querySelector("input");
    this.status = place.querySelector("[data-hits]");
    this.buttons = [...this.form.querySelectorAll("[data-hit-previous], [data-hit-next]")];
    this.hits = [];
    this.at = -1;
    this.turn = 0;
    this.pages.onText = (sheet) => this.mark(sheet);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.words === this.field.value.trim()) this.step(1);
      else this.find(this.field.value, { from: this.pages.current });
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.step(-1);
      }
    });
    this.field.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.find(this.field.value, { from: this.pages.current }), 300);
    });
    this.form.querySelector("[data-hit-previous]").addEventListener("click", () => this.step(-1));
  }

  /** Look for the words on every page; the first hit on or after the page `from` is shown. */
  async find(text, { from }) {
    clearTimeout(this.waiting);
    const turn = ++this.turn;
    this.words = text.trim();
    this.hits = [];
    this.at = -1;
    const wanted = [...new Set(fold(this.words).split(/[\s"*]+/).filter((word) => word.length > 1))];
    for (let number = 1; wanted.length && number <= this.pages.pdf.numPages && this.hits.length < MOST_HITS; number += 1) {
      const content = await this.pages.contentOf(number);
      if (turn !== this.turn) return; // other words meanwhile
      this.hits.push(...this.onPage(number, content, wanted));
      if (this.at < 0 && number >= from && this.hits.at(-1)?.page === number) {
        this.show(this.hits.findIndex((hit) => hit.page === number));
      } else this.say();
    }
    if (this.at < 0 && this.hits.length) this.show(0);
    this.say({ isDone: true });
    this.remark();
  }

  onPage(number, content, wanted) {
    const parts = content.items.filter((item) => item.str !== undefined);
    const starts = [];
    let whole = "";
    for (const item of parts) {
      starts.push(whole.length);
      whole += item.str + (item.hasEOL ? "\n" : "");
    }
    const low = fold(whole);
    // a word that goes on in the next line is found too: the hyphen and the break are skipped
    const kept = [];
    let joined = "";
    for (let at = 0; at < low.length; at += 1) {
      if ((low[at] === "-" || low[at] === "\u00ad") && low[at + 1] === "\n" && /\p{Ll}/u.test(low[at + 2] ?? "")) {
        at += 1;
        continue;
      }
      if (low[at] === "\u00ad") continue;
      kept.push(at);
      joined += low[at];
    }
    const found = [];
    for (const word of wanted) {
      for (let at = joined.indexOf(word); at >= 0; at = joined.indexOf(word, at + word.length)) {
        found.push({ page: number, from: kept[at], to: kept[at + word.length - 1] + 1 });
      }
    }
    found.sort((one, other) => one.from - other.from || other.to - one.to);
    const apart = found.filter((hit, place) => place === 0 || hit.from >= found[place - 1].to);
    return apart.map((hit) => ({ ...hit, parts: slices(hit, starts, parts) }));
  }

  step(direction) {
    if (this.hits.length) this.show((this.at + direction + this.hits.length) % this.hits.length);
  }

  show(place) {
    this.at = place;
    const hit = this.hits[place];
    if (hit.page !== this.pages.current) this.pages.goTo(hit.page);
    this.remark();
    this.say();
  }

  say({ isDone = false } = {}) {
    const total = this.hits.length + (this.hits.length >= MOST_HITS ? "+" : "");
    for (const button of this.buttons) button.hidden = !this.hits.length;
    if (!this.words) this.status.textContent = "";
    else if (this.hits.length) this.status.textContent = this.texts.textHits.replace("{number}", this.at + 1).replace("{total}", total);
    else if (isDone) this.status.textContent = this.texts.textNone;
  }

  remark() {
    for (const sheet of this.pages.sheets) if (sheet.layer) this.mark(sheet);
  }

  /** Mark the hits in the text of a page that is drawn. */
  mark(sheet) {
    const { divs, strings } = sheet.layer;
    for (const place of sheet.marked ?? []) if (divs[place]) divs[place].textContent = strings[place];
    const by = new Map();
    for (const hit of this.hits.filter((one) => one.page === sheet.number)) {
      for (const part of hit.parts) by.set(part.item, [...(by.get(part.item) ?? []), { ...part, hit }]);
    }
    let present = null;
    for (const [place, ranges] of by) {
      const div = divs[place];
      if (!div) continue;
      const pieces = [];
      let at = 0;
      for (const { from, to, hit } of ranges) {
        const mark = document.createElement("mark");
        mark.textContent = strings[place].slice(from, to);
        if (hit === this.hits[this.at]) {
          mark.className = "is-present";
          present ??= mark;
        }
        pieces.push(strings[place].slice(at, from), mark);
        at = to;
      }
      div.replaceChildren(...pieces, strings[place].slice(at));
    }
    sheet.marked = [...by.keys()];
    if (present) this.pages.show(present);
  }
}

/** Which part of which piece of text a hit covers. */
function slices(hit, starts, parts) {
  const found = [];
  for (let item = starts.findLastIndex((start) => start <= hit.from); item < parts.length && starts[item] < hit.to; item += 1) {
    const from = Math.max(hit.from - starts[item], 0);
    const to = Math.min(hit.to - starts[item], parts[item].str.length);
    if (to > from) found.push({ item, from, to });
  }
  return found;
}
