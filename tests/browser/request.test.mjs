// Asking for access: one VM by its bookmark, many at once, again what was open; refusals, a new address, an ended session.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  CLIENT, LOOKS, PRODUCTION, SIM, URL_, apiClient, connectUrl, probe, probeAt, say, signIn, startBrowser, until, vmId,
} from "./support.mjs";

const ELSEWHERE = "198.51.100.9";

/** Each group's subscription: the demo fleet has two. */
const subscriptionOf = (group) => (group === "dev-rg" ? "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311" : PRODUCTION);
const pathOf = (vm, group = "prod-rg") => `/api/vms/${subscriptionOf(group)}/${group}/${vm}`;
const rule = (port, more = {}) => ({ port, protocol: "any", allowed_sources: "any", max_duration: "PT3H", ...more });
const policy = (ports, more = {}) => ({
  ports, justification: "optional", precedence: "customer_first", live_sessions: "never", ...more,
});
const requestUrl = (...vms) => `${URL_}/request?${vms.map((vm) => `vm=${encodeURIComponent(vmId(vm))}`).join("&")}`;

let browser, admin;
/** The policies that VMs had before this file, to be given back. */
const before_ = new Map();

/** Gives a VM a policy (`null`: none) until the end of the file. */
async function setPolicy(vm, wanted, group = "prod-rg") {
  const path = pathOf(vm, group);
  if (!before_.has(path)) before_.set(path, (await admin("GET", path)).body.policy);
  await closeAll(vm, group);
  const answer = wanted ? await admin("PUT", `${path}/policy`, wanted) : await admin("DELETE", `${path}/policy`);
  assert.ok([200, 204, 404].includes(answer.status), JSON.stringify(answer.body));
}

async function closeAll(vm, group = "prod-rg") {
  const { ports } = (await admin("GET", pathOf(vm, group))).body;
  const grants = new Set(ports.flatMap((port) => port.leases.map((lease) => lease.grant)));
  for (const grant of grants) await admin("POST", `/api/grants/${grant}/revoke`);
}

async function comeFrom(address) {
  const headers = { "content-type": "application/json" };
  await fetch(`${SIM}/sim/client`, { method: "PUT", headers, body: JSON.stringify({ address }) });
}

/** What a browser does when its network has changed. */
const networkChanged = (page) => page.evaluate(() => window.dispatchEvent(new Event("online")));

before(async () => {
  browser = await startBrowser();
  admin = await apiClient("ADMIN");
});

after(async () => {
  await comeFrom(CLIENT);
  for (const [path, policy] of before_) {
    const [vm, group] = path.split("/").reverse();
    await closeAll(vm, group);
    if (policy) {
      const { vm: _, ...body } = policy;
      await admin("PUT", `${path}/policy`, body);
    } else {
      await admin("DELETE", `${path}/policy`);
    }
  }
  await browser?.close();
});

for (const look of LOOKS) {
  const t = (key, given) => say(look.locale, key, given);
  const length = (minutes) => {
    const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
    const part = (count, one, many) => (count === 0 ? [] : [count === 1 ? t(one) : t(many, { count })]);
    return [
      ...part(hours, "durations.one_hour", "durations.hours"), ...part(rest, "durations.one_minute", "durations.minutes"),
    ].join(" ");
  };
  const how = (sources, minutes) => t("verdict.how", { sources, length: length(minutes) });
  const place = (port, vm) => t("access.lease_of", { port, vm });
  const ssh = t("verdict.open_service", { service: "SSH", port: 22 });

  describe(`a request in ${look.name}`, () => {
    let rui;
    beforeEach(() => comeFrom(CLIENT));
    before(async () => {
      rui = await signIn(browser, /Rui Requester/, look);
    });
    after(async () => { await rui.context.close(); });

    test("for two VMs is one, with values for all and for one port, followed for each VM by itself", async () => {
      const { page } = rui;
      await setPolicy("web-01", policy([rule(22)]));
      await setPolicy("win-01", policy([rule(3389), rule(5986)]));
      await page.goto(requestUrl("web-01", "win-01"));
      const button = page.getByRole("button", { name: t("many.open", { ports: 2, vms: 2 }) });
      await button.waitFor();
      assert.equal(await page.getByText(how(CLIENT, 60)).count(), 2);
      assert.equal(await page.getByRole("checkbox", { name: place("5986 WinRM", "win-01") }).isChecked(), false);
      const own = t("many.about", { action: t("many.own"), what: place("3389 RDP", "win-01") });
      await page.getByRole("button", { name: own }).click();
      const rdp = page.getByRole("listitem").filter({ has: page.getByRole("checkbox", { name: place("3389 RDP", "win-01") }) });
      await rdp.getByRole("textbox", { name: t("request.minutes") }).fill("45");
      await page.getByText(how(CLIENT, 45)).waitFor();
      assert.equal(await page.getByText(t("many.allowed"), { exact: true }).count(), 2);
      await button.dblclick();
      await page.getByRole("heading", { name: t("many.sent") }).waitFor();
      await until("both countdowns", 2, () => page.getByRole("timer").count());
      assert.deepEqual([await probe("web-01", 22), await probe("win-01", 3389), await probe("win-01", 5986)], ["open", "open", "shut"]);
      const { ports: [port] } = (await admin("GET", pathOf("web-01"))).body;
      assert.equal(port.leases.length, 1, "a double click is one request");
      await page.reload();
      await until("both countdowns after a reload", 2, () => page.getByRole("timer").count());
      await page.getByRole("button", { name: new RegExp(`^${t("common.close_now")}`) }).click();
      await page.getByText(t("access.ended_revoked")).first().waitFor();
      await until("what is open", "shut,shut", async () => `${await probe("web-01", 22)},${await probe("win-01", 3389)}`);
    });

    test("is told every reason against it before it is sent, for each port, and what may be asked is left", async () => {
      const { page } = rui;
      const strict = rule(22, { allowed_sources: { only: ["198.51.100.0/24"] }, max_duration: "PT1H" });
      await setPolicy("web-01", policy([rule(22)]));
      await setPolicy("web-02", policy([strict], { justification: "required" }));
      await setPolicy("stopped-01", null);
      await page.goto(requestUrl("web-01", "web-02", "stopped-01", "bare-01"));
      await page.getByRole("textbox", { name: t("request.minutes") }).fill("90");
      const card = page.getByRole("region", { name: "web-02" });
      const asked = { port: 22, vm: "web-02", from: CLIENT, allowed: "198.51.100.0/24" };
      for (const reason of [
        t("denial.source_not_allowed", asked),
        t("denial.duration_over_maximum", { port: 22, asked: length(90), longest: length(60) }),
        t("denial.justification_required"),
      ]) await card.getByText(reason).waitFor();
      await page.getByRole("region", { name: "web-01" }).getByText(t("many.allowed"), { exact: true }).waitFor();
      await page.getByRole("region", { name: "stopped-01" }).getByText(t("connect.not_guarded_text")).waitFor();
      await page.getByRole("region", { name: "bare-01" }).getByText(t("many.unsupported")).waitFor();
      assert.equal(await page.getByRole("link", { name: "vm-access@contoso.example" }).first().getAttribute("href"), "mailto:vm-access@contoso.example");
      await page.getByText(t("many.refused", { count: 1 })).waitFor();
      assert.ok(await page.locator("#primary").isDisabled());
      await page.getByRole("button", { name: t("many.leave_out") }).click();
      await page.getByRole("button", { name: t("many.open_one", { port: "22 SSH", vm: "web-01" }) }).waitFor();
      assert.ok(await page.locator("#primary").isEnabled());
    });

    test("that is refused after it was sent says why and what is true, and opens nothing", async () => {
      const { page } = rui;
      await setPolicy("web-01", policy([rule(22)]));
      await page.goto(requestUrl("web-01"));
      const button = page.getByRole("button", { name: t("many.open_one", { port: "22 SSH", vm: "web-01" }) });
      await button.waitFor();
      await setPolicy("web-01", policy([rule(22, { max_duration: "PT30M" })]));
      await button.click();
      const failure = page.getByRole("region", { name: "web-01" }).filter({ has: page.getByRole("alert") });
      await failure.getByText(t("many.nothing_opened")).waitFor();
      if (look.locale === "en") await failure.getByText(/PT1H is longer than the PT30M/).first().waitFor();
      else await failure.getByText(t("denial.refused.duration_over_maximum")).waitFor();
      assert.equal(await probe("web-01", 22), "shut");
      rui.faults.splice(0);
    });

    test("for VMs of two subscriptions is told in part: what was opened, and what was not and why", async () => {
      await setPolicy("web-01", policy([rule(22)]));
      await setPolicy("dev-01", policy([rule(22)]), "dev-rg");
      const { page } = await signIn(browser, /Ada Admin/, look);
      const other = vmId("dev-01").replace(PRODUCTION, subscriptionOf("dev-rg")).replace("prod-rg", "dev-rg");
      await page.goto(`${requestUrl("web-01")}&vm=${encodeURIComponent(other)}`);
      const button = page.getByRole("button", { name: t("many.open", { ports: 2, vms: 2 }) });
      await button.waitFor();
      await setPolicy("dev-01", policy([rule(22, { max_duration: "PT30M" })]), "dev-rg");
      await button.click();
      const failure = page.getByRole("region", { name: "dev-01" }).filter({ has: page.getByRole("alert") });
      await failure.getByText(t("many.nothing_opened")).waitFor();
      const sent = page.getByRole("region", { name: t("many.sent") });
      await sent.getByRole("timer").waitFor();
      assert.equal(await probe("web-01", 22), "open");
      await page.getByRole("button", { name: t("many.open_one", { port: "22 SSH", vm: "dev-01" }) }).waitFor();
      await sent.getByRole("button", { name: new RegExp(`^${t("common.close_now")}`) }).click();
      await until("the port", "shut", () => probe("web-01", 22));
      await page.context().close();
    });

    test("by the bookmark of a VM is one key, and moves to a new address by one tap, to the same end", async () => {
      const { page } = rui;
      await setPolicy("web-01", policy([rule(22)]));
      await page.goto(`${connectUrl("web-01")}?port=22&for=PT30M`);
      const button = page.getByRole("button", { name: `${ssh} ${how(CLIENT, 30)}` });
      await until("the button has the focus", true, () => button.evaluate((it) => it === document.activeElement));
      assert.equal(await probe("web-01", 22), "shut", "a bookmark alone opens nothing");
      await page.keyboard.press("Enter");
      await page.getByRole("timer").first().waitFor();
      await page.getByText("ssh azureuser@20.51.3.9").waitFor();
      const end = async () => (await admin("GET", pathOf("web-01"))).body.ports[0].leases.map((lease) => lease.expires_at);
      const first = await end();
      await comeFrom(ELSEWHERE);
      await networkChanged(page);
      await page.getByText(t("moving.left_behind", { then: CLIENT, now: ELSEWHERE })).waitFor();
      await page.getByRole("button", { name: t("moving.action", { now: ELSEWHERE }) }).dblclick();
      await page.getByText(t("moving.left_behind", { then: CLIENT, now: ELSEWHERE })).waitFor({ state: "detached" });
      await page.getByText(new RegExp(ELSEWHERE.replaceAll(".", "\\."))).first().waitFor();
      await until("the old address", "shut", () => probe("web-01", 22, CLIENT));
      assert.equal(await probe("web-01", 22, ELSEWHERE), "open");
      await until("one opening, to the same end", `${first}`, async () => `${await end()}`);
      await page.getByRole("button", { name: t("common.close_now") }).first().click();
      await page.getByText(t("port.closed"), { exact: true }).first().waitFor();
      assert.equal(await probe("web-01", 22, ELSEWHERE), "shut");
    });

    test("behind a firewall is told the mapped address and port", async () => {
      const { page } = rui;
      await setPolicy("fw-01", policy([rule(22)]), "net-rg");
      const { page: adas } = await signIn(browser, /Ada Admin/, look);
      await adas.goto(connectUrl("fw-01").replace("/prod-rg/", "/net-rg/"));
      await adas.getByRole("button", { name: `${ssh} ${how(CLIENT, 60)}` }).click();
      await adas.getByText(t("common.through", { name: "hub-fw" })).first().waitFor();
      const line = await adas.getByText(/^ssh -p \d+ azureuser@20\.51\.4\.\d$/).textContent();
      const [, port, address] = line.match(/-p (\d+) azureuser@(\S+)/);
      assert.equal(await probeAt(address, Number(port)), "open");
      await adas.context().close();
      await page.bringToFront();
    });

    test("through an unknown proxy is warned and offered the organisation's ranges", async () => {
      await setPolicy("web-01", policy([rule(22)]));
      const { page, context } = await signIn(browser, /Rui Requester/, {
        ...look, extraHTTPHeaders: { "x-forwarded-for": "10.9.9.9" },
      });
      await page.goto(connectUrl("web-01"));
      await page.getByText(t("source.proxied")).waitFor();
      await page.getByRole("button", { name: "198.51.100.0/28", exact: true }).click();
      await page.getByRole("button", { name: `${ssh} ${how("198.51.100.0/28", 60)}` }).click();
      await page.getByRole("timer").first().waitFor();
      assert.deepEqual([await probe("web-01", 22, "198.51.100.3"), await probe("web-01", 22, CLIENT)], ["open", "shut"]);
      await context.close();
    });

    test("loses nothing that was typed when the session ends, nor when the language changes", async () => {
      const { page, context } = rui;
      await setPolicy("web-01", policy([rule(22)]));
      await setPolicy("web-02", policy([rule(22)]));
      const minutes = page.getByRole("textbox", { name: t("request.minutes") });
      const source = page.getByRole("textbox", { name: t("request.another_field") });
      const why = page.getByRole("combobox", { name: t("request.why") });
      const fields = async () => [await minutes.inputValue(), await source.inputValue(), await why.inputValue()];
      const typed = ["25", "198.51.100.7", "the disk of web-01 is full"];
      for (const url of [connectUrl("web-01"), requestUrl("web-01", "web-02")]) {
        await page.goto(url);
        await minutes.fill(typed[0]);
        await source.fill(typed[1]);
        await why.fill(typed[2]);
        await page.locator("#language").click();
        await page.locator("#language").click();
        assert.deepEqual(await fields(), typed, "after two changes of the language");
        await context.clearCookies();
        await networkChanged(page);
        await page.locator("#sign-in").click();
        await page.getByRole("button", { name: /Rui Requester/ }).click();
        await minutes.waitFor();
        assert.deepEqual(await fields(), typed, "after the new sign-in");
        assert.equal(page.url(), url);
      }
      assert.equal(await probe("web-01", 22, typed[1]), "shut");
    });

    test("is seen in another tab, and so is its end, within five seconds", async () => {
      const { page, context } = rui;
      await setPolicy("web-01", policy([rule(22)]));
      const other = await context.newPage();
      for (const tab of [page, other]) await tab.goto(connectUrl("web-01"));
      await page.getByRole("button", { name: `${ssh} ${how(CLIENT, 60)}` }).click();
      await page.getByRole("timer").first().waitFor();
      await other.getByRole("timer").first().waitFor({ timeout: 5000 });
      await page.getByRole("button", { name: t("common.close_now") }).first().click();
      const start = Date.now();
      await other.getByText(t("port.closed"), { exact: true }).first().waitFor({ timeout: 5000 });
      console.log(`# the other tab saw the end after ${Date.now() - start} ms`);
      await other.close();
    });

    test("is made again from my access with the same values, or says why it cannot be", async () => {
      const { page } = rui;
      await setPolicy("web-02", policy([rule(22)]));
      await page.goto(`${connectUrl("web-02")}?for=PT20M`);
      await page.getByRole("button", { name: `${ssh} ${how(CLIENT, 20)}` }).click();
      await page.getByRole("button", { name: t("common.close_now") }).first().click();
      await page.getByText(t("port.closed"), { exact: true }).first().waitFor();
      await page.goto(`${URL_}/access`);
      const again = page.getByRole("button", { name: t("access.again_label", { what: place("22 SSH", "web-02") }) }).first();
      await again.click();
      const open = page.getByRole("region", { name: t("access.open") });
      await open.getByText(t("access.terms", { port: "22 SSH", sources: CLIENT, length: length(20) })).waitFor();
      await open.getByRole("timer").first().waitFor();
      assert.equal(await probe("web-02", 22), "open");
      await open.getByRole("button", { name: t("common.close_label", { what: place("22 SSH", "web-02") }) }).click();
      await until("the port", "shut", () => probe("web-02", 22));
      await setPolicy("web-02", null);
      await page.reload();
      await again.click();
      await page.getByText(t("denial.vm_not_protected", { vm: "web-02" })).waitFor();
      assert.equal(await probe("web-02", 22), "shut");
    });

    test("is not possible where JIT is off, and whoever may enables it with one click or their own choice", async () => {
      await setPolicy("stopped-01", null);
      const { page } = rui;
      await page.goto(connectUrl("stopped-01"));
      await page.getByText(t("connect.whom_to_ask", { group: "prod-rg" })).waitFor();
      await page.getByRole("link", { name: "vm-access@contoso.example" }).waitFor();
      const { page: adas } = await signIn(browser, /Ada Admin/, look);
      await adas.goto(connectUrl("stopped-01"));
      await adas.getByRole("button", { name: t("common.enable") }).first().waitFor();
      const customise = adas.getByRole("link", { name: t("connect.customise") });
      assert.equal(await customise.getAttribute("href"), `/policy?vm=${encodeURIComponent(vmId("stopped-01"))}`);
      await adas.context().close();
    });

    test("goes on on a phone by a code that is drawn when it is asked for", async () => {
      const { page } = rui;
      await page.goto(connectUrl("web-01"));
      const code = page.getByRole("img", { name: t("phone.code") });
      await page.getByText(t("phone.title"), { exact: true }).click();
      await code.waitFor();
      assert.ok((await code.locator("path").getAttribute("d")).length > 1000);
    });

    test("scrolls in one direction only, at 320 px too", async () => {
      const { page } = rui;
      await page.setViewportSize({ ...look.viewport, width: Math.min(look.viewport.width, 320) });
      for (const path of [requestUrl("web-01", "web-02", "bare-01"), connectUrl("web-01"), `${URL_}/access`]) {
        await page.goto(path);
        await page.locator("main h1").waitFor();
        await page.waitForLoadState("networkidle");
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide`);
      }
      await page.setViewportSize(look.viewport);
    });

    test("caused no error in the console and no violation of the policy", () => {
      // The session ended once, and the browser tells of what was answered then.
      assert.deepEqual(rui.faults.filter((fault) => !/status of 401/.test(fault)), []);
    });
  });
}

describe("an opening of one minute", () => {
  test("counts down to shut on the page, and the page says so", async () => {
    await setPolicy("web-01", policy([rule(22)]));
    const { page } = await signIn(browser, /Rui Requester/, LOOKS[1]);
    await page.goto(`${connectUrl("web-01")}?for=PT1M`);
    await page.locator("#primary").click();
    await page.getByRole("timer").getByText(/^00:00:[0-5]\d$/).first().waitFor();
    const ended = say("en", "connect.ended_expired", { time: "#" }).split("#")[0];
    await page.getByText(ended).waitFor({ timeout: 100_000 });
    assert.equal(await probe("web-01", 22), "shut");
  });
});
