/**
 * Files that are sent in pieces (tus 1.0): dragged or chosen, each with its progress, and going on by itself after a lost
 * connection, a reload or a new sign-in. What has come is a row of the form, which adds the files together.
 */
import { Upload } from "tus-js-client";
import { readRow, send, stampOf, token } from "./file-sending.js";

const AT_ONCE = 2;

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
