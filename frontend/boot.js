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
  },
  "zh-TW": {
    loading: "載入中",
    failed: "入口網站無法啟動，因此連接埠的狀態不明。請重新整理頁面；瀏覽器必須支援 WebAssembly。",
  },
};
const texts = TEXTS[root.lang];

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
    if (message) {
      message.className = "notice notice--danger";
      message.textContent = texts.failed;
    }
    console.error(error);
  }
};
start();
