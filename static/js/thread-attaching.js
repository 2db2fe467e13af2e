/**
 * Files chosen in the composer: they go with the next post, in pieces, once the post is there, and become its cards. What a
 * file is refused for is said below the field. Without scripts a post's menu leads to a page for it.
 */
import { readRow, send, token } from "./file-sending.js";
import { NoContact, SessionEnded, fetchPart, parts, wholeText } from "./net.js";

const AGAIN_S = 10;

const chosen = new WeakMap(); // form -> files
let attaching = 0;

document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("input[data-attach]")) return;
  chosen.set(target.form, [...(chosen.get(target.form) ?? []), ...target.files]);
  target.value = "";
  list(target.form);
});

/** The files that go with what is sent now; the composer has none any more. */
export function takeFiles(form) {
  const files = (chosen.get(form) ?? []).map((file) => ({ file, endpoint: form.querySelector("[data-attach]").dataset.attach }));
  chosen.delete(form);
  if (form.querySelector("[data-attached]")) list(form);
  return files;
}

/** Back into the composer: the post they were chosen for has not been taken. */
export function giveFiles(form, files) {
  if (!files.length || !form.querySelector("[data-attached]")) return;
  chosen.set(form, [...(chosen.get(form) ?? []), ...files.map(({ file }) => file)]);
  list(form);
}

/** Whether files are on their way that are nowhere but on this page. */
export const isAttaching = () => attaching > 0;

function list(form) {
  const place = form.querySelector("[data-attached]");
  const files = chosen.get(form) ?? [];
  const words = form.querySelector("[data-attach-status]").dataset.remove;
  place.hidden = files.length === 0;
  place.replaceChildren(...files.map((file) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-text";
    button.textContent = words.replace("{name}", file.name);
    button.addEventListener("click", () => {
      chosen.set(form, files.filter((other) => other !== file));
      list(form);
      form.querySelector("[data-attach]").focus();
    });
    row.append(button);
    return row;
  }));
}

/** One after the other; one that fails holds up nothing. */
export async function attachAll(thread, postId, files, { place, posts, feed }) {
  const url = thread.dataset.attachUrl.replace("/0/", `/${postId.replace("post-", "")}/`);
  attaching += 1;
  for (const { file, endpoint } of files) {
    const say = (words, values = {}) => {
      const said = place.querySelector("[data-attach-status]"); // a refused post brings a new composer
      if (said) said.textContent = (said.dataset[words] ?? words).replace("{name}", file.name).replace("{percent}", values.percent);
    };
    try {
      const tell = ({ percent, isWaiting }) => (isWaiting ? say("waiting") : say("sending", { percent }));
      const address = await send(file, { endpoint, tell });
      say("reading");
      const row = await readRow(address, () => {});
      if (!row?.classList.contains("upload-ready")) throw new Error(row?.querySelector(".field-error")?.textContent.trim() ?? "");
      const html = await put(url, row.dataset.upload, () => say("later"));
      posts.put(html);
      const post = parts(html).querySelector("[data-change-seq]");
      if (post) feed.take([{ seq: Number(post.dataset.changeSeq), html }]);
      say("");
    } catch (error) {
      say(error.message ? `${file.name}: ${error.message}` : "failed");
    }
  }
  attaching -= 1;
}

/**
 * Put a file that has come to the post, again and again where it comes too soon or there is no answer: it has been sent.
 * @returns {Promise<string>} the post in its new form
 * @throws {Error} refused; the message is for the person
 */
async function put(url, upload, tellWaiting) {
  for (;;) {
    const body = new FormData();
    body.set("csrf_token", token());
    body.set("upload", upload);
    let seconds = AGAIN_S;
    try {
      const answer = await fetchPart(url, { method: "POST", body });
      const text = await wholeText(answer);
      if (answer.ok) return text;
      if (answer.status !== 429 && answer.status !== 503) throw new Error(answer.status === 422 ? text : "");
      seconds = Number(answer.headers.get("Retry-After")) || AGAIN_S;
    } catch (error) {
      if (!(error instanceof NoContact || error instanceof SessionEnded)) throw error;
      if (error instanceof SessionEnded) {
        await new Promise((back) => { document.addEventListener("portal:session-back", back, { once: true }); });
        seconds = 0;
      }
    }
    tellWaiting();
    await new Promise((over) => { window.setTimeout(over, seconds * 1000); });
  }
}
