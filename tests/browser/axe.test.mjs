// Every page by axe-core, in both themes, both widths and both languages; no page is wider than 320 pixels; the focus
// is seen wherever it stands; and the portal asks nobody but Postern for anything.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import {
  LOOKS, PRODUCTION, URL_, apiClient, connectUrl, enable, signIn, startBrowser, vmId, watch,
} from "./support.mjs";

const VM = "web-02";
const POLICY = `/api/vms/${PRODUCTION}/prod-rg/${VM}/policy`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const path = (url) => new URL(url).pathname;

/** Each page with what has to be on it before it is looked at. */
const PAGES = [
  ["VMs, configured", "/?list=configured", (page) => page.getByRole("row", { name: new RegExp(VM) }).first().waitFor()],
  ["VMs, not configured", "/?list=not-configured", (page) => page.getByRole("row", { name: /crowded-01/ }).waitFor()],
  ["VMs, unsupported", "/?list=unsupported", (page) => page.getByRole("row", { name: /bare-01/ }).waitFor()],
  ["a protected VM", path(connectUrl(VM)), (page) => page.locator("#primary").waitFor()],
  ["an unprotected VM", path(connectUrl("crowded-01")), (page) => page.getByRole("heading", { name: "crowded-01" }).waitFor()],
  ["an unsupported VM", path(connectUrl("bare-01")), (page) => page.getByRole("heading", { name: "bare-01" }).waitFor()],
  ["a request for many", `/request?vm=${vmId(VM)}&vm=${vmId("crowded-01")}`, (page) => page.getByText("crowded-01").first().waitFor()],
  ["a policy", `/policy?vm=${vmId(VM)}`, (page) => page.locator("main form, main fieldset").first().waitFor()],
  ["a policy for many", `/policy?vm=${vmId(VM)}&vm=${vmId("crowded-01")}`, (page) => page.locator("main form, main fieldset").first().waitFor()],
  ["my access", "/access", (page) => page.locator("main h2").first().waitFor()],
  ["activity with an open step", `/activity?vm=${vmId(VM)}&kind=rules`, async (page) => {
    await page.locator("details.step__more, .step__what details").first().locator("summary").click();
    await page.locator("table.grid").first().waitFor();
    const filters = page.locator("details.log-filters");
    if (!(await filters.evaluate((it) => it.open))) await filters.locator("summary").first().click();
  }],
  ["health", "/health", (page) => page.locator("meter").first().waitFor()],
  ["the API's document", "/api/docs", (page) => page.locator("article").first().waitFor()],
  ["not found", "/nowhere", (page) => page.locator("main h1").waitFor()],
];

let browser, admin;
before(async () => {
  browser = await startBrowser();
  admin = await apiClient("ADMIN");
  await enable(VM, 22);
});
after(async () => {
  await admin("DELETE", POLICY);
  await browser?.close();
});

/** What axe objects to, each with the elements. */
async function violations(page) {
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations: all } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return all.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  return found;
}

/** Nothing moves, so that colours are what they come to be. */
const still = { reducedMotion: "reduce", bypassCSP: true };

for (const look of LOOKS) {
  describe(`axe in ${look.name}`, () => {
    let page, context;
    before(async () => {
      ({ page, context } = await signIn(browser, /Ada Admin/, { ...look, ...still }));
      await context.addInitScript(AXE);
    });
    after(async () => { await context.close(); });

    for (const [name, address, settled] of PAGES) {
      test(`finds nothing on ${name}, in the light and in the dark`, async () => {
        await page.goto(URL_ + address);
        await settled(page);
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          assert.deepEqual(await violations(page), [], `${name} in the ${colorScheme}`);
        }
      });
    }

    test("finds nothing on the sign-in page", async () => {
      const stranger = await browser.newContext({ ...look, ...still });
      await stranger.addInitScript(AXE);
      const fresh = await stranger.newPage();
      await fresh.goto(`${URL_}/access`);
      await fresh.locator("#sign-in").waitFor();
      for (const colorScheme of ["light", "dark"]) {
        await fresh.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(fresh), [], colorScheme);
      }
      await stranger.close();
    });
  });
}

for (const locale of ["en", "zh-TW"]) {
  describe(`320 pixels in ${locale}`, () => {
    let page, context;
    const look = { locale, viewport: { width: 320, height: 640 }, hasTouch: true };
    before(async () => { ({ page, context } = await signIn(browser, /Ada Admin/, look)); });
    after(async () => { await context.close(); });

    for (const [name, address, settled] of PAGES) {
      test(`${name} needs no sideways scrolling`, async () => {
        await page.goto(URL_ + address);
        await settled(page);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${over} px too wide`);
      });
    }
  });
}

describe("the keyboard", () => {
  let page, context;
  before(async () => { ({ page, context } = await signIn(browser, /Ada Admin/)); });
  after(async () => { await context.close(); });

  for (const [name, address, settled] of PAGES) {
    test(`gets everywhere on ${name}, and the focus is seen`, async () => {
      await page.goto(URL_ + address);
      await settled(page);
      await page.evaluate(() => document.activeElement?.blur());
      const unseen = [];
      const seen = new Set();
      for (let stop = 0; stop < 60; stop += 1) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          // The frame of a focus may be drawn by what stands for the element.
          const drawn = [element, element.nextElementSibling, element.parentElement].filter(Boolean);
          const framed = drawn.some((one) => [null, "::after"].some((part) => {
            const style = getComputedStyle(one, part);
            return style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 1;
          }));
          return { framed, html: element.outerHTML.slice(0, 200) };
        });
        if (!at) break;
        seen.add(at.html);
        if (!at.framed) unseen.push(at.html);
      }
      assert.deepEqual(unseen, []);
      assert.ok(seen.size >= 5, `${seen.size} places take the focus`);
    });
  }
});

describe("a walk through every page", () => {
  test("asks nobody but Postern, and violates neither the policy nor Trusted Types", async () => {
    const { page, context, faults } = await signIn(browser, /Ada Admin/);
    const strangers = [];
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(URL_).origin && !request.url().startsWith("data:")) {
        strangers.push(request.url());
      }
    });
    await context.addInitScript(() => {
      globalThis.violated = [];
      addEventListener("securitypolicyviolation", (event) => globalThis.violated.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    for (const [name, address, settled] of PAGES) {
      const answer = await page.goto(URL_ + address);
      const policy = answer.headers()["content-security-policy"] ?? "";
      assert.match(policy, /require-trusted-types-for 'script'; trusted-types postern(;|$)/, name);
      await settled(page);
      assert.deepEqual(await page.evaluate(() => globalThis.violated), [], name);
    }
    assert.deepEqual(strangers, []);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("finds that script made from text is refused", async () => {
    const { page, context } = await signIn(browser, /Ada Admin/);
    const outcome = await page.evaluate(() => {
      const tried = (act) => {
        try {
          act();
          return "allowed";
        } catch (error) {
          return error.name;
        }
      };
      return [
        tried(() => { document.createElement("div").innerHTML = "<b>x</b>"; }),
        tried(() => globalThis.trustedTypes.createPolicy("another", {})),
        tried(() => globalThis.trustedTypes.createPolicy("postern", {})),
      ];
    });
    assert.deepEqual(outcome, ["TypeError", "TypeError", "TypeError"]);
    await context.close();
  });
});

describe("an installed portal", () => {
  test("has a manifest, icons of the sizes it says, and a worker that is asked for anew each time", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const faults = watch(page);
    await page.goto(URL_);
    await page.locator("#sign-in").waitFor();
    const manifest = await (await fetch(`${URL_}/manifest.webmanifest`)).json();
    assert.deepEqual([manifest.start_url, manifest.display], ["/", "standalone"]);
    for (const icon of manifest.icons.filter((one) => one.type === "image/png")) {
      const bytes = Buffer.from(await (await fetch(URL_ + icon.src)).arrayBuffer());
      assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, icon.sizes, icon.src);
    }
    const worker = await fetch(`${URL_}/sw.js`);
    assert.equal(worker.headers.get("cache-control"), "no-cache");
    assert.match(worker.headers.get("content-type"), /javascript/);
    assert.equal(await page.evaluate(async () => new URL((await navigator.serviceWorker.ready).active.scriptURL).pathname), "/sw.js");
    const unknown = await page.evaluate(() => document.querySelector('link[rel="apple-touch-icon"]').href);
    assert.equal((await fetch(unknown)).headers.get("content-type"), "image/png");
    assert.deepEqual(faults, []);
    await context.close();
  });
});
