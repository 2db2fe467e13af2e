/**
 * Sign-in: when the e-mail field is left, its organisation is looked up in place (Enter sends the form as always).
 * The answer is the same page; its #found is a live region, so the result is announced.
 */
export function startLookUp() {
  const form = document.querySelector("form[data-look-up]");
  const field = form?.querySelector("input[type=email]");
  let asked = field?.value ?? "";
  field?.addEventListener("change", async () => {
    if (!field.value || !field.checkValidity() || field.value === asked) return;
    asked = field.value;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      if (!answer.ok && answer.status !== 422) return; // the button still works
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (field.value !== asked) return;
      const found = page.querySelector("[data-found]");
      const button = page.querySelector("form[data-look-up] button[type=submit]");
      if (!found || !button) return;
      document.querySelector("[data-found]").replaceChildren(...found.childNodes);
      form.querySelector("button[type=submit]").replaceWith(button);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // TypeError: no network; the form can still be sent by hand
      asked = "";
    }
  });
}
