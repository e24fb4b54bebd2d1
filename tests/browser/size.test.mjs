// How much a browser downloads: before the connect page stands, and in all.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { LOOKS, PRODUCTION, URL_, apiClient, connectUrl, enable, signIn, startBrowser } from "./support.mjs";

/** Bytes of pages, styles, scripts, texts and WebAssembly, compressed, with their headers. It may only shrink. */
const LIMIT = 123_000;
/** The same of every page, in both languages, without headers. */
const WHOLE_LIMIT = 236_000;
const KINDS = /\.(?:css|js|txt|wasm)$/;

let browser;
before(async () => {
  browser = await startBrowser();
  await enable("web-01", 22);
});
after(async () => {
  const admin = await apiClient("ADMIN");
  await admin("DELETE", `/api/vms/${PRODUCTION}/prod-rg/web-01/policy`);
  await browser?.close();
});

// A quick build is made to be built, not to be downloaded.
const skip = process.env.CARGO_PROFILE_PORTAL_LTO !== undefined;

for (const look of LOOKS.filter(({ name }) => name.endsWith("390"))) {
  test(`the connect page is quickly there on a phone, ${look.locale}`, { skip }, async () => {
    const { context } = await signIn(browser, /Ada Admin/, look);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const urls = new Map();
    const sizes = new Map();
    session.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const { url, mimeType } = urls.get(requestId) ?? {};
      if (url && (mimeType === "text/html" || KINDS.test(new URL(url).pathname))) {
        sizes.set(new URL(url).pathname, encodedDataLength);
      }
    });
    await page.goto(connectUrl("web-01"), { waitUntil: "networkidle" });
    await page.locator("#primary").waitFor();
    const names = [...sizes.keys()];
    const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    assert.ok(names.some((name) => name.endsWith("portal_bg.wasm")), names.join(", "));
    assert.ok(!names.some((name) => /split_|chunk_/.test(name)), `other pages came too: ${names.join(", ")}`);
    const told = [...sizes].map(([name, size]) => `${name} ${size}`).join("\n");
    assert.ok(whole <= LIMIT, `${whole} bytes instead of ${LIMIT}:\n${told}`);
    await context.close();
  });
}

/** A file as it is sent to a browser. */
const sent = (path) => new Promise((resolve, reject) => {
  const asked = http.get(new URL(path, URL_), { headers: { "accept-encoding": "br" } }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part)).on("error", reject);
    answer.on("end", () => resolve({ status: answer.statusCode, size: Buffer.concat(parts).length }));
  });
  asked.on("error", reject);
});

test("the whole application is small", { skip }, async () => {
  const worker = await (await fetch(new URL("/sw.js", URL_))).text();
  const kept = JSON.parse(/new Set\((\[.*?\])\)/.exec(worker)[1]).filter((path) => KINDS.test(path));
  assert.ok(kept.some((path) => path.includes("/split_")), `no later pages among ${kept.join(", ")}`);
  const told = await Promise.all(["/", "/sw.js", ...kept].map(async (path) => {
    const { status, size } = await sent(path);
    assert.equal(status, 200, path);
    return [path, size];
  }));
  const whole = told.reduce((sum, [, size]) => sum + size, 0);
  const lines = told.map(([path, size]) => `${path} ${size}`).join("\n");
  assert.ok(whole <= WHOLE_LIMIT, `${whole} bytes instead of ${WHOLE_LIMIT}:\n${lines}`);
});
