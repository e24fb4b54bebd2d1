const theme = (() => {
  try {
    return localStorage.getItem("postern.theme");
  } catch {
    return null;
  }
})();
if (theme === "light" || theme === "dark") {
  document.documentElement.dataset.theme = theme;
}

const start = async () => {
  try {
    const { default: init } = await import("{{portal.js}}");
    await init({ module_or_path: "{{portal_bg.wasm}}" });
  } catch (error) {
    const message = document.getElementById("boot-message");
    if (message) {
      message.className = "notice notice--danger";
      message.textContent =
        "The portal could not start, so the state of your ports is unknown. Reload the page; it needs a browser with WebAssembly.";
    }
    console.error(error);
  }
};
start();
