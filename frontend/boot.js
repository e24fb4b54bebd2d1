const kept = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

const root = document.documentElement;
const theme = kept("postern.theme");
if (theme === "light" || theme === "dark") {
  root.dataset.theme = theme;
}

// Any kind of Chinese is nearer to zh-TW than English is.
const spoken = (tag) => (/^zh\b/i.test(tag) ? "zh-TW" : /^en\b/i.test(tag) ? "en" : null);
root.lang = [kept("postern.language") ?? "", ...navigator.languages].map(spoken).find(Boolean) ?? "en";

const TEXTS = {
  "en": {
    loading: "Loading",
    failed:
      "The portal could not start, so the state of your ports is unknown. Reload the page; it needs a browser with WebAssembly.",
    reload: "Reload",
  },
  "zh-TW": {
    loading: "載入中",
    failed: "入口網站無法啟動，因此連接埠的狀態不明。請重新整理頁面；瀏覽器必須支援 WebAssembly。",
    reload: "重新整理",
  },
};
const texts = TEXTS[root.lang];

const sayThatItFailed = (message) => {
  message.className = "notice notice--danger";
  message.textContent = texts.failed;
  const reload = document.createElement("button");
  reload.className = "button";
  reload.textContent = texts.reload;
  reload.addEventListener("click", () => location.reload());
  message.after(reload);
};

// Every other page needs a second file.
if (!location.pathname.startsWith("/connect/")) {
  const ahead = Object.assign(document.createElement("link"), {
    rel: "preload",
    as: "fetch",
    type: "application/wasm",
    crossOrigin: "",
    href: "{{split_pages.wasm}}",
  });
  document.head.append(ahead);
}

const TABLES = { "en": "{{en.txt}}", "zh-TW": "{{zh-TW.txt}}" };

const table = async (tag) => {
  const answer = await fetch(TABLES[tag]);
  if (!answer.ok) throw new Error(`The texts did not come: ${answer.status}`);
  return answer.text();
};

const start = async () => {
  const message = document.getElementById("boot-message");
  if (message) message.textContent = texts.loading;
  try {
    const [{ default: init }, first] = await Promise.all([import("{{portal.js}}"), table(root.lang)]);
    globalThis.posternTexts = { first, of: table };
    await init({ module_or_path: "{{portal_bg.wasm}}" });
  } catch (error) {
    if (message) sayThatItFailed(message);
    console.error(error);
  }
};

const WORKER = "/sw.js";
const onlyTheWorker = (path) => {
  if (path === WORKER) return path;
  throw new TypeError(`${path} is no script of the portal's`);
};

/** Lets a worker keep the shell. Where a newer version of it takes over, the page is told that it is of an older one. */
const keepTheShell = async () => {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const had = workers.controller;
  workers.addEventListener("controllerchange", () => {
    if (had) dispatchEvent(new Event("postern-updated"));
  });
  const policy = globalThis.trustedTypes?.createPolicy("postern", { createScriptURL: onlyTheWorker });
  const url = policy ? policy.createScriptURL(WORKER) : WORKER;
  await workers.register(url, { updateViaCache: "none" });
};

// A browser that does without a worker, as in a private window, does without a portal that comes up offline.
start().then(keepTheShell).catch(() => {});
