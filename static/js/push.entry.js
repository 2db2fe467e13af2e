/** The button that makes this browser a device for notices. The service worker shows them; the server sends them. */
import { fetchPart } from "./net.js";

const form = document.querySelector("form[data-push-here]");
const word = form?.querySelector("[data-push-word]");
const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

if (form && isAble) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    addThisDevice();
  });
}

async function addThisDevice() {
  word.textContent = "";
  if ((await Notification.requestPermission()) !== "granted") {
    word.textContent = form.dataset.blocked;
    return;
  }
  try {
    const subscription = await subscribed();
    const { keys } = subscription.toJSON();
    const body = new FormData(form);
    for (const [name, value] of [["endpoint", subscription.endpoint], ["key", keys.p256dh], ["auth", keys.auth], ["name", nameOfThis()]]) {
      body.set(name, value);
    }
    const answer = await fetchPart(form.action, { method: "POST", body });
    if (answer.ok) window.location.reload();
    else word.textContent = (await answer.text()) || form.dataset.failed;
  } catch {
    word.textContent = form.dataset.failed; // no contact, or the browser's maker does not answer
  }
}

async function subscribed() {
  const registration = await navigator.serviceWorker.register("/service-worker.js");
  await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: form.dataset.key };
  try {
    return await registration.pushManager.subscribe(options);
  } catch (error) {
    // subscribed with a key that the portal has no longer
    const old = await registration.pushManager.getSubscription();
    if (!old) throw error;
    await old.unsubscribe();
    return registration.pushManager.subscribe(options);
  }
}

/** Such as "Firefox på Windows". */
function nameOfThis() {
  const told = navigator.userAgent;
  const browser = [["Edg", "Edge"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]].find(([mark]) => told.includes(mark));
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac", "Mac"], ["Linux", "Linux"]].find(([mark]) => told.includes(mark));
  return form.dataset.name.replace("{browser}", browser?.[1] ?? "Webbläsare").replace("{system}", system?.[1] ?? "enhet");
}
