/**
 * The viewer on a material's page: pages, small pages beside, a page number, zoom, and a search in the document.
 * `?page=24&q=…` and `#page=24` open there with the words marked. Without this script the first page is a picture.
 */
import * as pdfjs from "pdfjs-dist/legacy/build/pdf.mjs";
import { Finder } from "./viewer-find.js";
import { Pages } from "./viewer-pages.js";
import { Strip } from "./viewer-strip.js";

const RANGES_FROM = 20_000_000; // bytes: longer documents come in parts
const STEPS = [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4];

const place = document.querySelector("[data-viewer]");
if (place) start().catch(fail);

function fail(error) {
  const note = document.createElement("p");
  note.className = "notice notice-error";
  note.setAttribute("role", "status");
  note.textContent = place.dataset.textFailed;
  place.querySelector("[data-bar]").hidden = true;
  place.querySelector("[data-pages]").hidden = true;
  place.append(note);
  console.warn(error);
}

function hashPage() {
  return Number(new URLSearchParams(location.hash.slice(1)).get("page")) || 0;
}

async function start() {
  const { url, worker, parts, words, textPage, textOf, size } = place.dataset;
  pdfjs.GlobalWorkerOptions.workerSrc = worker;
  const loading = pdfjs.getDocument({
    url,
    isEvalSupported: false, // the page's policy forbids it
    useWasm: false, // so does it WebAssembly; there are slower ways in JavaScript
    wasmUrl: `${parts}wasm/`,
    cMapUrl: `${parts}cmaps/`,
    standardFontDataUrl: `${parts}fonts/`,
    disableRange: Number(size) < RANGES_FROM,
    disableStream: Number(size) >= RANGES_FROM,
    disableAutoFetch: Number(size) >= RANGES_FROM,
    rangeChunkSize: 1 << 20,
    enableXfa: false,
    stopAtErrors: false,
  });
  const pdf = await loading.promise;
  const desk = place.querySelector("[data-desk]");
  const bar = place.querySelector("[data-bar]");
  const number = place.querySelector("[data-number]");
  const zoom = place.querySelector("[data-zoom]");

  const pages = new Pages(pdfjs, pdf, desk, (page) => textPage.replace("{number}", page));
  await pages.prepare();
  desk.querySelector("[data-first-page]")?.remove();
  bar.hidden = false;
  bar.querySelector("[data-of]").textContent = textOf.replace("{total}", pdf.numPages); // an office file has other pages as PDF
  const strip = new Strip(pages, place.querySelector("[data-pages]"), place.querySelector("[data-toggle-pages]"));
  strip.prepare();
  const finder = new Finder(pages, place);

  const showZoom = () => { zoom.textContent = `${Math.round(pages.scale * 100)} %`; };
  const step = (direction) => {
    const wanted = direction > 0 ? STEPS.find((s) => s > pages.scale + 0.01) : STEPS.findLast((s) => s < pages.scale - 0.01);
    if (!wanted) return;
    pages.zoomTo(wanted);
    showZoom();
  };
  pages.onPage = (page) => {
    if (document.activeElement !== number) number.value = page;
    strip.mark(page);
    bar.querySelector("[data-previous]").disabled = page <= 1;
    bar.querySelector("[data-next]").disabled = page >= pdf.numPages;
  };
  bar.querySelector("[data-previous]").addEventListener("click", () => pages.goTo(pages.current - 1));
  bar.querySelector("[data-next]").addEventListener("click", () => pages.goTo(pages.current + 1));
  bar.querySelector("[data-smaller]").addEventListener("click", () => step(-1));
  bar.querySelector("[data-larger]").addEventListener("click", () => step(1));
  number.addEventListener("change", () => {
    const wanted = Math.min(Math.max(Math.trunc(Number(number.value)) || pages.current, 1), pdf.numPages);
    number.value = wanted;
    pages.goTo(wanted);
  });
  desk.addEventListener("keydown", (event) => {
    if (event.target !== desk || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => step(1), "-": () => step(-1), Home: () => pages.goTo(1), End: () => pages.goTo(pdf.numPages),
      ArrowLeft: () => pages.goTo(pages.current - 1), ArrowRight: () => pages.goTo(pages.current + 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  window.addEventListener("hashchange", () => { if (hashPage()) pages.goTo(hashPage()); });
  let width = 0;
  new ResizeObserver(() => {
    if (desk.clientWidth === width) return;
    width = desk.clientWidth;
    if (pages.isFitted) pages.fit();
    showZoom();
  }).observe(desk);

  pages.fit();
  showZoom();
  pages.goTo(hashPage() || Number(place.dataset.page) || 1);
  if (words) finder.find(words, { from: pages.current });
}
