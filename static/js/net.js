/**
 * Every request of ours that asks for a part of a page. Tells the page about two things that are nobody's error:
 * the session has ended (event portal:session-ended) and contact lost or back (portal:contact, detail {lost}).
 */
export class SessionEnded extends Error {}
export class NoContact extends Error {}

let isLost = false;

function tell(lost) {
  if (lost === isLost) return;
  isLost = lost;
  document.dispatchEvent(new CustomEvent("portal:contact", { detail: { lost } }));
}

/**
 * Fetch a part of a page.
 * @param {string|URL} url
 * @param {{method?: string, body?: FormData, signal?: AbortSignal, isByItself?: boolean}} [options] `isByItself`: nobody
 *   pressed anything, so the session does not live longer for it
 * @returns {Promise<Response>} any answer of the portal but 401
 * @throws {SessionEnded} 401
 * @throws {NoContact} no answer at all
 */
export async function fetchPart(url, { isByItself = false, ...options } = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      ...options,
      credentials: "same-origin",
      redirect: "follow",
      headers: { Accept: "text/html; fragment", "X-Fragment": "1", ...(isByItself && { "X-By-Itself": "1" }) },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tell(true);
    throw new NoContact(String(url), { cause: error });
  }
  tell(false);
  if (answer.status === 401) {
    document.dispatchEvent(new CustomEvent("portal:session-ended"));
    throw new SessionEnded(String(url));
  }
  return answer;
}

/**
 * The text of an answer.
 * @throws {NoContact} it broke off
 */
export async function wholeText(answer) {
  try {
    return await answer.text();
  } catch (error) {
    throw new NoContact(answer.url, { cause: error });
  }
}

/** Elements of a partial, in order. */
export function parts(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}
