// What a page does beyond HTML: copy a command, follow changes, and send a form once.
"use strict";
document.documentElement.classList.add("script");

const said = document.getElementById("said");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = "Copied: " + button.dataset.copy;
    const text = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = text; }, 1200);
  } catch {
    said.textContent = "The browser does not allow copying here.";
  }
});

document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[type=submit]");
  if (event.target.method === "post" && button) setTimeout(() => { button.disabled = true; });
});
// Back from the next page: the form may be sent again.
addEventListener("pageshow", () => document.querySelectorAll("button:disabled").forEach((button) => { button.disabled = false; }));

// The server says when something has changed; the page is then asked for again, and only its live parts take its place.
const topic = document.body.dataset.live;
let busy = false, again = false;
async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    if (response.redirected) { location.reload(); return; }
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const next = fresh.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
      if (!next || next.innerHTML === part.innerHTML) continue;
      // Whoever is at a link by keyboard stays there.
      const active = part.contains(document.activeElement) ? document.activeElement : null;
      const key = active && (active.id || active.getAttribute("href") || active.dataset.copy);
      part.innerHTML = next.innerHTML;
      if (key) {
        [...part.querySelectorAll("a, button")]
          .find((other) => [other.id, other.getAttribute("href"), other.dataset.copy].includes(key))?.focus();
      }
    }
    const word = document.querySelector("[data-announce]")?.dataset.announce;
    if (word && word !== said.dataset.last) { said.dataset.last = word; said.textContent = word; }
  } catch { /* The server is away: the next event asks again. */ } finally {
    busy = false;
    if (again) { again = false; refresh(); }
  }
}
if (topic && "EventSource" in window) {
  let source;
  const listen = () => {
    if (document.hidden || source) return;
    source = new EventSource("/live?" + topic);
    // What has changed before the server listened, or while it was away.
    source.addEventListener("open", () => refresh());
    source.addEventListener("change", () => refresh());
  };
  // A browser has six connections to a server, and more tabs: one that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = undefined; } else listen();
  });
  listen();
}
