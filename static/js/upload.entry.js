/**
 * Files that are sent in pieces (tus 1.0): dragged or chosen, each with its progress, and going on by itself after a lost
 * connection, a reload or a new sign-in. What has come is a row of the form, which adds the files together.
 */
import { Upload } from "tus-js-client";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";

const PIECE = 5_000_000;
const AT_ONCE = 2;
const DELAYS = [0, 1_000, 3_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000, 60_000];
const LOOK_AGAIN_MS = 1_000;

const token = () => document.querySelector("input[name=csrf_token]").value;
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
const stampOf = (file) => String(file.lastModified);

/** The sentence of an answer that refused something, or nothing. */
function sentence(answer) {
  return answer ? parts(answer.getBody() ?? "").querySelector(".notice-text")?.textContent.trim() : "";
}

/**
 * Send one file until it is there.
 * @param {File} file
 * @param {{endpoint: string, url?: string|null, tell: (said: {percent?: number, isWaiting?: boolean}) => void, started?: (upload: Upload) => void}} how
 * @returns {Promise<string>} its address
 * @throws {Error & {isFinal?: boolean}} refused; the message is for the person, and `isFinal` says that the same file would be again
 */
function send(file, { endpoint, url = null, tell, started = () => {} }) {
  return new Promise((done, fail) => {
    const upload = new Upload(file, {
      endpoint,
      uploadUrl: url,
      chunkSize: PIECE,
      retryDelays: DELAYS,
      storeFingerprintForResuming: false, // the portal itself remembers what it has of whom
      metadata: { filename: file.name, stamp: stampOf(file) },
      headers: { "X-Fragment": "1" },
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", token()),
      onProgress: (sent, total) => tell({ percent: Math.floor((100 * sent) / total) }),
      onSuccess: () => done(upload.url),
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        if (status === 401) return false;
        // 409: of a piece, that the portal has more of it than was believed; of a new file, a rule that waiting does not change
        const isAskedAgain = status === 409 && error.originalRequest?.getMethod() === "PATCH";
        if (!isAskedAgain && status !== 0 && status !== 423 && status !== 429 && status < 500) return false;
        tell({ isWaiting: true });
        return true;
      },
      onError: (error) => {
        if (error.originalResponse?.getStatus() === 401) {
          document.dispatchEvent(new CustomEvent("portal:session-ended"));
          tell({ isWaiting: true });
          document.addEventListener("portal:session-back", () => upload.start(), { once: true });
          return;
        }
        const refusal = new Error(sentence(error.originalResponse) || "");
        refusal.isFinal = [413, 422].includes(error.originalResponse?.getStatus()); // the file itself is why
        fail(refusal);
      },
    });
    started(upload);
    upload.start();
  });
}

/** The row of a file that has come, as soon as it has been read. */
async function readRow(address, show) {
  for (;;) {
    try {
      const answer = await fetchPart(`${address}/row`, { isByItself: true });
      if (!answer.ok) return null;
      const row = parts(await answer.text()).firstElementChild;
      show(row);
      if (row.classList.contains("upload-receiving") || "poll" in row.dataset) await wait(LOOK_AGAIN_MS);
      else return row;
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
      await wait(5 * LOOK_AGAIN_MS);
    }
  }
}

// --- several files, added together ----------------------------------------------------------------------------------------

function startMany(zone) {
  const form = document.querySelector("[data-uploads-form]");
  const list = form.querySelector("[data-uploads]");
  const pattern = document.getElementById("sending-row").content.firstElementChild;
  const status = document.querySelector("[data-upload-status]");
  const add = form.querySelector("[data-add]");
  const queue = [];
  let running = 0;

  /** How many files the button adds; it waits until there is one. */
  function count() {
    const number = list.querySelectorAll(".upload-ready .upload-name input:checked").length;
    add.textContent = number === 1 ? add.dataset.one : add.dataset.many.replace("{number}", number);
    form.hidden = list.children.length === 0;
    form.querySelector("[data-uploads-common]").hidden = list.querySelector(".upload-ready") === null;
  }

  /** Where the portal has begun to take this very file in before. */
  function begun(file) {
    const rows = [...list.querySelectorAll("li.upload-receiving[data-upload]")];
    return rows.find((row) => row.dataset.name === file.name && Number(row.dataset.size) === file.size && row.dataset.stamp === stampOf(file));
  }

  function take(files) {
    for (const file of files) {
      const before = begun(file);
      const row = pattern.cloneNode(true);
      for (const place of row.querySelectorAll("[data-file-name]")) place.textContent = file.name;
      row.querySelector("progress").setAttribute("aria-label", file.name);
      row.querySelector("[data-file-size]").textContent = size(file.size);
      const said = row.querySelector("[data-said]");
      said.textContent = said.dataset.queued;
      if (before) before.replaceWith(row);
      else list.append(row);
      queue.push({ file, row, url: before?.dataset.url ?? null });
    }
    count();
    next();
  }

  function next() {
    while (running < AT_ONCE && queue.length) {
      running += 1;
      one(queue.shift()).finally(() => { running -= 1; next(); });
    }
  }

  async function one({ file, row, url }) {
    const said = row.querySelector("[data-said]");
    const bar = row.querySelector("progress");
    const cancel = row.querySelector("[data-cancel]");
    let upload = null;
    let isCancelled = !row.isConnected;
    cancel.addEventListener("click", async () => {
      isCancelled = true;
      if (upload) await upload.abort(true).catch(() => {}); // not begun there yet, or gone: nothing is left to take away
      row.remove();
      count();
      zone.querySelector("input").focus();
    });
    if (isCancelled) return;
    const tell = ({ percent, isWaiting }) => {
      if (isWaiting) said.textContent = said.dataset.waiting;
      else {
        bar.value = percent;
        said.textContent = said.dataset.sending.replace("{percent}", percent);
      }
    };
    try {
      const address = await send(file, { endpoint: zone.dataset.endpoint, url, tell, started: (made) => { upload = made; } });
      if (isCancelled) return;
      said.textContent = said.dataset.reading;
      status.textContent = said.dataset.arrived.replace("{name}", file.name);
      cancel.hidden = true;
      let shown = row;
      await readRow(address, (fresh) => { shown.replaceWith(fresh); shown = fresh; });
      count();
    } catch (error) {
      if (isCancelled) return;
      row.classList.add("is-refused");
      said.textContent = error.message || said.dataset.failed;
      const again = row.querySelector("[data-again]");
      again.hidden = Boolean(error.isFinal);
      again.onclick = () => {
        again.hidden = true;
        row.classList.remove("is-refused");
        const anew = pattern.cloneNode(true);
        row.replaceWith(anew);
        for (const place of anew.querySelectorAll("[data-file-name]")) place.textContent = file.name;
        anew.querySelector("progress").setAttribute("aria-label", file.name);
        anew.querySelector("[data-file-size]").textContent = size(file.size);
        queue.push({ file, row: anew, url: upload?.url ?? null });
        next();
      };
    }
  }

  const input = zone.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // otherwise the browser would leave the page and show the file
      zone.classList.add("is-over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (kind === "dragleave" && event.relatedTarget) return;
      zone.classList.remove("is-over");
    });
  }
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  list.addEventListener("change", count);
  list.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-remove]");
    if (!button) return;
    event.preventDefault(); // sent as a form it would cost what is typed in the other rows
    const row = button.closest("li");
    const onBeforeRequest = (request) => request.setHeader("X-CSRFToken", token());
    try {
      await Upload.terminate(row.dataset.url, { headers: { "X-Fragment": "1" }, onBeforeRequest, retryDelays: [] });
    } catch (error) {
      const status = error.originalResponse?.getStatus() ?? 0;
      if (status === 401) document.dispatchEvent(new CustomEvent("portal:session-ended"));
      if (status !== 404) return; // it stays, to be tried again
    }
    row.remove();
    count();
    zone.querySelector("input").focus();
  });
  for (const row of list.querySelectorAll("[data-poll]")) {
    let shown = row;
    readRow(row.dataset.url, (fresh) => { shown.replaceWith(fresh); shown = fresh; count(); });
  }
  count();
}

/** A size as people read it. */
function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(value)}\u00a0${units[0]}`;
}

// --- one file of a form that is sent anyway ---------------------------------------------------------------------------------

function startOne(form) {
  const input = form.querySelector("input[type=file]");
  const place = form.querySelector("[data-sending-place]");
  const said = place.querySelector("[data-said]");
  const button = form.querySelector("button[type=submit]");
  let isSending = false;
  let before = null; // the try that did not come through, to go on with
  input.addEventListener("change", () => { // another file than the one that has come
    form.elements.upload.value = "";
    form.querySelector("[data-has-come]")?.remove();
  });
  form.addEventListener("submit", async (event) => {
    const file = input.files[0];
    if (!file || form.elements.upload.value) return;
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    button.setAttribute("aria-disabled", "true");
    place.hidden = false;
    const tell = ({ percent, isWaiting }) => {
      if (!isWaiting) place.querySelector("progress").value = percent;
      said.textContent = isWaiting ? said.dataset.waiting : said.dataset.sending.replace("{percent}", percent);
    };
    try {
      const url = before?.file === file ? before.url : null;
      const address = await send(file, { endpoint: form.dataset.resumable, url, tell, started: (made) => { before = made; } });
      said.textContent = said.dataset.reading;
      const row = await readRow(address, () => {});
      if (!row?.classList.contains("upload-ready")) throw new Error(row?.querySelector(".field-error")?.textContent.trim() ?? "");
      form.elements.upload.value = row.dataset.upload;
      input.disabled = true; // its bytes are there already
      form.requestSubmit();
    } catch (error) {
      said.textContent = error.message || said.dataset.failed;
      button.removeAttribute("aria-disabled");
    }
    isSending = false;
  });
}

const zone = document.querySelector("[data-drop]");
if (zone) startMany(zone);
const resumable = document.querySelector("form[data-resumable]");
if (resumable) startOne(resumable);
