/** One try to bring a post to the portal, and what became of it. Sent twice with its client_id, it is one post. */
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";

const PATIENCE_MS = 60_000;
const TOO_SOON_S = 60;

/**
 * @param {string} action
 * @param {FormData} body
 * @param {{isByItself?: boolean}} [options] as of fetchPart
 * @returns {Promise<{name: "arrived"|"refused"|"later"|"waits"|"failed", html?: string, seconds?: number, isSignedOut?: boolean}>}
 *   arrived: the answer holds the very post, no proxy's page; refused: the answer is the composer with the text; later: not
 *   for some seconds; waits: no whole answer, or no session
 */
export async function deliver(action, body, { isByItself = false } = {}) {
  body.set("csrf_token", document.querySelector("input[name=csrf_token]")?.value ?? "");
  try {
    const answer = await fetchPart(action, { method: "POST", body, isByItself, signal: AbortSignal.timeout(PATIENCE_MS) });
    const html = await wholeText(answer);
    const part = parts(html);
    if (answer.ok && part.querySelector(`article[data-client="${CSS.escape(body.get("client_id"))}"]`)) return { name: "arrived", html };
    if (answer.status === 422 && part.querySelector("form[data-composer]")) return { name: "refused", html };
    if (answer.status === 429 || answer.status === 503) {
      return { name: "later", seconds: Number(answer.headers.get("Retry-After")) || TOO_SOON_S };
    }
    return { name: "failed" };
  } catch (error) {
    if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
    return { name: "waits", isSignedOut: error instanceof SessionEnded };
  }
}
