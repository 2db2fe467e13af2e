/** Sending one file in pieces (tus 1.0), until it has come and been read. */
import { Upload } from "tus-js-client";
import { NoContact, SessionEnded, fetchPart, parts } from "./net.js";

const PIECE = 5_000_000;
const DELAYS = [0, 1_000, 3_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000, 60_000];
const LOOK_AGAIN_MS = 1_000;

export const token = () => document.querySelector("input[name=csrf_token]").value;
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
export const stampOf = (file) => String(file.lastModified);

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
export function send(file, { endpoint, url = null, tell, started = () => {} }) {
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
export async function readRow(address, show) {
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
