// Keeps the portal's shell, so that it comes up without a network and can say that it does not reach Postern. Nothing
// that tells what is open or closed is ever kept: what is not one of the files below goes to the network, and only there.
const CACHE = "postern-{{version}}";
const FILES = new Set({{files}});
const SHELL = "/";
const BOOT = "{{boot.js}}";
/** How long a page may take to come before the kept shell takes its place, in milliseconds. */
const PATIENCE = 3000;
/** What the functions answer, not the portal. */
const FUNCTIONS = /^\/(api|auth|healthz|metrics|readyz|subscriptions|sweep)(\/|\.|$)/;

/** The shell and its files are kept together or not at all: a shell of another version would miss them. */
const keep = async () => {
  const cache = await caches.open(CACHE);
  const shell = await fetch(SHELL, { cache: "no-cache" });
  if (!shell.ok || !(await shell.clone().text()).includes(BOOT)) throw new Error("the shell is of another version");
  await cache.addAll(FILES);
  await cache.put(SHELL, shell);
};

const forget = async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("postern-") && name !== CACHE) await caches.delete(name);
  }
};

const kept = async (path) => (await caches.open(CACHE)).match(path);

const page = async (request) => {
  const answer = fetch(request).catch(() => null);
  const late = new Promise((wake) => setTimeout(wake, PATIENCE, null));
  const first = await Promise.race([answer, late]);
  if (first && first.status < 500) return first;
  return (await kept(SHELL)) ?? (await answer) ?? Response.error();
};

const file = async (request, path) => (await kept(path)) ?? fetch(request);

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(forget().then(() => clients.claim())));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (!FUNCTIONS.test(pathname)) event.respondWith(page(request));
  } else if (FILES.has(pathname)) {
    event.respondWith(file(request, pathname));
  }
});
