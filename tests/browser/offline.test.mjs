// Without a network, after a sleep, by a wrong clock and after the end of a session: the portal never calls a port open
// or closed that it does not know to be so.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  LOOKS, PRODUCTION, URL_, apiClient, connectUrl, enable, say, signIn, startBrowser, until,
} from "./support.mjs";

const VM = "stopped-01";
const POLICY = `/api/vms/${PRODUCTION}/prod-rg/${VM}/policy`;

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

/** The kept shell is what this is about, so the worker has to be there. */
const workerIsReady = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((wake) => navigator.serviceWorker.addEventListener("controllerchange", wake, { once: true }));
  }
});

/** Errors of the network are what these tests make. */
const isOwn = (fault) => !/net::ERR_|Failed to load resource/.test(fault);

for (const look of LOOKS) {
  const text = (key, given) => say(look.locale, key, given);
  const unreachable = text("failure.unreachable").split(/[,，]/)[0];

  describe(`without a network in ${look.name}`, () => {
    let page, context, faults;
    before(async () => {
      ({ page, context, faults } = await signIn(browser, /Ada Admin/, look));
      await workerIsReady(page);
    });
    after(async () => { await context.close(); });

    const states = () => page.locator("main").getByText(
      new RegExp(`^(${text("port.open")}|${text("port.closed")}|${text("connect.open_for_you")})$`)).filter({ visible: true });

    for (const [name, path] of [["the list", "/?list=configured"], ["a VM's page", new URL(connectUrl(VM)).pathname]]) {
      test(`${name} stops calling anything open or closed, and recovers by itself`, async () => {
        await page.goto(URL_ + path);
        await states().first().waitFor();
        await context.setOffline(true);
        await page.getByRole("alert").filter({ hasText: unreachable }).first().waitFor();
        await page.getByText(text("offline.state")).first().waitFor();
        assert.equal(await states().count(), 0);
        await context.setOffline(false);
        await states().first().waitFor();
        await page.getByRole("alert").filter({ hasText: unreachable }).waitFor({ state: "hidden" });
      });
    }

    test("a server that does not answer is told like a network that is gone", async () => {
      const { page: own, context: apart } = await signIn(browser, /Ada Admin/, { ...look, serviceWorkers: "block" });
      await own.goto(connectUrl(VM));
      const closed = own.getByRole("heading", { name: text("port.closed") });
      await closed.waitFor();
      await own.route("**/api/**", (route) => route.abort());
      await own.evaluate(() => dispatchEvent(new Event("online")));
      await own.getByRole("alert").filter({ hasText: unreachable }).first().waitFor();
      await closed.waitFor({ state: "hidden" });
      await own.unroute("**/api/**");
      await closed.waitFor();
      await apart.close();
    });

    test("my access shows no opening as open, and says of when its last word is", async () => {
      await page.goto(connectUrl(VM));
      await page.locator("#primary").click();
      await page.getByText(/^00:(59|[0-5]\d):\d\d$/).first().waitFor();
      await page.goto(`${URL_}/access`);
      await page.getByRole("timer").first().waitFor();
      await context.setOffline(true);
      await page.getByRole("timer").first().waitFor({ state: "hidden" });
      await page.getByRole("alert").filter({ hasText: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/ }).waitFor();
      await context.setOffline(false);
      await page.getByRole("timer").first().waitFor();
      await page.getByRole("button", { name: new RegExp(text("common.close_now")) }).first().click();
      await page.getByRole("timer").waitFor({ state: "hidden" });
    });

    test("the portal comes up from what was kept, says that it knows nothing, and recovers", async () => {
      await page.goto(connectUrl(VM));
      await states().first().waitFor();
      await context.setOffline(true);
      await page.reload();
      await page.getByText(unreachable).first().waitFor();
      assert.equal(await states().count(), 0);
      await context.setOffline(false);
      await states().first().waitFor();
    });

    test("nothing that the functions answered was kept", async () => {
      const kept = await page.evaluate(async () => {
        const names = await caches.keys();
        const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
        return { names, paths: requests.flat().map((request) => new URL(request.url).pathname) };
      });
      assert.equal(kept.names.length, 1);
      assert.ok(kept.paths.includes("/"));
      assert.deepEqual(kept.paths.filter((path) => !/^\/(assets\/.*|icon\.svg|manifest\.webmanifest)?$/.test(path)), []);
    });

    test("caused no error but of the network", () => {
      assert.deepEqual(faults.filter(isOwn), []);
    });
  });

  describe(`a session's end in ${look.name}`, () => {
    test("signing out here signs out there, where it is said, and signing in leads back to the same address", async () => {
      const { page, context } = await signIn(browser, /Ada Admin/, look);
      const other = await context.newPage();
      const address = `${URL_}/activity?kind=asked&last=7d`;
      await other.goto(address);
      await other.getByRole("heading", { name: text("activity.title") }).waitFor();
      const menu = page.getByRole("button", { name: text("header.menu") });
      if (await menu.isVisible()) await menu.click();
      await page.getByRole("button", { name: text("header.sign_out") }).click();
      await other.getByRole("alert").filter({ hasText: text("sign_in.ended") }).waitFor();
      await other.getByRole("link", { name: text("sign_in.title") }).click();
      await other.getByRole("button", { name: /Ada Admin/ }).click();
      await other.getByRole("heading", { name: text("activity.title") }).waitFor();
      assert.equal(other.url(), address);
      await context.close();
    });

    test("an expired session is said to be over, with the same way back", async () => {
      const { page, context } = await signIn(browser, /Ada Admin/, look);
      await page.goto(connectUrl(VM));
      await page.getByRole("heading", { name: VM }).waitFor();
      await context.clearCookies();
      await page.evaluate(() => dispatchEvent(new Event("online")));
      await page.getByRole("alert").filter({ hasText: text("sign_in.ended") }).waitFor();
      await page.getByRole("link", { name: text("sign_in.title") }).click();
      await page.getByRole("button", { name: /Ada Admin/ }).click();
      await page.getByRole("heading", { name: VM }).waitFor();
      assert.equal(page.url(), connectUrl(VM));
      await context.close();
    });

    test("a sign-in that came to nothing is told with what to do", async () => {
      const context = await browser.newContext(look);
      const page = await context.newPage();
      await page.goto(`${URL_}/?sign_in_error=expired`);
      await page.getByRole("alert").filter({ hasText: text("sign_in.expired") }).waitFor();
      await context.close();
    });
  });

  describe(`another version in ${look.name}`, () => {
    test("functions that were updated make the page offer to reload", async () => {
      const { page, context } = await signIn(browser, /Ada Admin/, { ...look, serviceWorkers: "block" });
      await page.route("**/api/session", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), version: "99.0.0" } });
      });
      await page.goto(`${URL_}/access`);
      await page.getByText(text("offline.updated")).waitFor();
      await page.unroute("**/api/session");
      await page.getByRole("button", { name: text("offline.reload") }).click();
      await page.getByRole("heading", { name: text("access.title") }).waitFor();
      assert.equal(await page.getByText(text("offline.updated")).count(), 0);
      await context.close();
    });
  });
}

describe("time", () => {
  const HOUR = 3600_000;
  before(async () => {
    const person = await signIn(browser, /Rui Requester/);
    await person.page.goto(`${connectUrl(VM)}?for=PT30M`);
    await person.page.locator("#primary").click();
    await person.page.getByRole("timer").first().waitFor();
    await person.context.close();
  });
  after(async () => {
    const { page, context } = await signIn(browser, /Rui Requester/);
    await page.goto(connectUrl(VM));
    await page.getByRole("button", { name: say("en", "common.close_now") }).click();
    await page.locator("#primary").waitFor();
    await context.close();
  });

  for (const [name, off] of [["ahead", 5 * HOUR], ["behind", -5 * HOUR]]) {
    test(`the countdown is right by a clock that is five hours ${name}`, async () => {
      const { page, context } = await signIn(browser, /Rui Requester/, {}, async (fresh) => {
        await fresh.clock.install({ time: Date.now() + off });
      });
      await page.goto(connectUrl(VM));
      const left = page.getByRole("timer").first();
      await left.waitFor();
      await until("the minutes that are left", true, async () => /^00:2[5-9]:\d\d$/.test(await left.textContent()));
      await context.close();
    });
  }

  test("after a sleep the state is asked for at once, and the countdown goes on from the server's time", async () => {
    const { page, context } = await signIn(browser, /Rui Requester/, {}, async (fresh) => {
      await fresh.clock.install({ time: Date.now() });
    });
    await page.goto(connectUrl(VM));
    await page.getByRole("timer").first().waitFor();
    const asked = page.waitForRequest((request) => request.url().includes(`/${VM}`));
    await page.clock.fastForward(10 * 60_000);
    await asked;
    await until("the minutes that are left", true, async () =>
      /^00:2[5-9]:\d\d$/.test(await page.getByRole("timer").first().textContent()));
    await context.close();
  });
});
