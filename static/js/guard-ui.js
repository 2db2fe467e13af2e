/**
 * The guard's finds in the text: marked behind the textarea, shown on demand, followed while the text changes.
 * The server decides; this only helps to find the place. A form with an unsolved blocking find carries data-guard-blocked.
 */

/** Set up every guard panel under a node. */
export function startGuard(node) {
  for (const panel of node.querySelectorAll("[data-guard]")) if (panel.closest("form")) watch(panel, panel.closest("form"));
}

function watch(panel, form) {
  const finds = [...panel.querySelectorAll("[data-find]")].map((row) => locate(row, form));
  const fields = new Set(finds.map((find) => find.field).filter(Boolean));
  for (const field of fields) {
    const own = finds.filter((find) => find.field === field);
    const mirror = addMirror(field);
    let before = field.value;
    const draw = () => mirror && paint(mirror, field, own);
    field.addEventListener("input", () => {
      follow(own, before, field.value);
      before = field.value;
      draw();
      settle(form, finds);
    });
    field.addEventListener("scroll", () => { if (mirror) mirror.scrollTop = field.scrollTop; });
    draw();
  }
  settle(form, finds);
}

/** A find's row with its place in the field; the server counts code points, the browser UTF-16 units. */
function locate(row, form) {
  const { field: name, start, end, verdict } = row.dataset;
  const field = form.querySelector(`textarea[name="${CSS.escape(name)}"], input[name="${CSS.escape(name)}"]`) ?? form.querySelector("[data-guarded]");
  const find = { row, field, verdict, start: 0, end: 0, isSolved: false };
  if (field) {
    const points = [...field.value];
    find.start = points.slice(0, Number(start)).join("").length;
    find.end = points.slice(0, Number(end)).join("").length;
  }
  row.querySelector("[data-guard-show]")?.addEventListener("click", () => select(find));
  row.querySelector("[data-guard-remove]")?.addEventListener("click", () => remove(find));
  return find;
}

function select({ field, start, end, isSolved }) {
  if (!field) return;
  field.focus();
  if (!isSolved) field.setSelectionRange(start, end);
}

function remove(find) {
  if (!find.field || find.isSolved) return;
  find.field.setRangeText("", find.start, find.end, "start");
  find.field.dispatchEvent(new Event("input", { bubbles: true }));
  find.field.focus();
}

/** Move the finds with an edit: what lies behind it shifts, what it touches is solved until the server looks again. */
function follow(finds, before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const shift = after.length - before.length;
  for (const find of finds) {
    if (find.isSolved || find.end <= head) continue;
    if (find.start >= before.length - tail) {
      find.start += shift;
      find.end += shift;
    } else find.isSolved = true;
  }
}

function addMirror(field) {
  const writing = field.closest(".writing");
  if (!writing) return null;
  const mirror = document.createElement("div");
  mirror.className = "mirror";
  mirror.setAttribute("aria-hidden", "true");
  writing.prepend(mirror);
  return mirror;
}

function paint(mirror, field, finds) {
  const text = field.value;
  const marked = [];
  let at = 0;
  for (const { start, end, verdict } of finds.filter((find) => !find.isSolved).sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    const mark = document.createElement("mark");
    mark.className = `found-${verdict}`;
    mark.textContent = text.slice(start, end);
    marked.push(text.slice(at, start), mark);
    at = end;
  }
  mirror.replaceChildren(...marked, `${text.slice(at)}\n`);
  mirror.scrollTop = field.scrollTop;
}

function settle(form, finds) {
  for (const { row, isSolved } of finds) {
    row.classList.toggle("is-solved", isSolved);
    for (const button of row.querySelectorAll("button")) button.hidden = isSolved;
  }
  const isBlocked = finds.some(({ verdict, isSolved }) => verdict === "block" && !isSolved);
  form.toggleAttribute("data-guard-blocked", isBlocked);
  form.dispatchEvent(new CustomEvent("portal:guard", { bubbles: true }));
}
