// Storage: asks the browser once, after the first save, not to evict what is kept on this phone.

const ASKED = "asked-to-persist";

async function ask() {
  if (!navigator.storage?.persist || localStorage.getItem(ASKED)) return;
  localStorage.setItem(ASKED, "yes");
  if (!(await navigator.storage.persisted())) await navigator.storage.persist();
}

export function startStorage() {
  document.addEventListener("htmx:afterRequest", (/** @type {any} */ event) => {
    if (event.detail.successful && event.detail.requestConfig.verb === "post") ask();
  });
}
