// How VMs are protected, made and changed in the portal: one and many, and what is not overwritten or lost.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LOOKS, SIM, URL_, apiClient, connectUrl, probe, rulesOf, say, signIn, startBrowser, until, vmId } from "./support.mjs";

const VMS = ["web-02", "win-01", "legacy-01"];
let browser, api, found;

before(async () => {
  browser = await startBrowser();
  api = await apiClient("ADMIN");
  found = await policies(...VMS);
  await restore();
});
after(async () => {
  for (const [at, policy] of found.entries()) await (policy ? give(VMS[at], policy) : take(VMS[at]));
  await browser?.close();
});

const policyUrl = (...vms) => `${URL_}/policy?${vms.map((vm) => `vm=${encodeURIComponent(vmId(vm))}`).join("&")}`;

async function policies(...vms) {
  const { body } = await api("POST", "/api/policies/read", { vms: vms.map(vmId) });
  return body.vms.map((one) => one.policy);
}

const rule = (port, more = {}) => ({ port, protocol: "any", allowed_sources: "any", max_duration: "PT3H", ...more });
const settings = { justification: "optional", precedence: "customer_first", live_sessions: "never" };

async function give(vm, { ports, justification, precedence, live_sessions }) {
  const policy = { ports, justification, precedence, live_sessions };
  const answer = await api("PUT", "/api/policies", { vms: [vmId(vm)], policy });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function take(...vms) {
  const has = await policies(...vms);
  const named = vms.filter((_, at) => has[at]).map(vmId);
  if (named.length > 0) await api("DELETE", "/api/policies", { vms: named });
}

/** What azure-sim can do. */
const offer = (what) => fetch(`${SIM}/sim/settings`, {
  method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(what),
});

/** Nothing is configured, as each test expects it. */
const restore = () => take(...VMS);

for (const look of LOOKS) {
  describe(`an admin (${look.name})`, () => {
    const t = (key, given) => say(look.locale, key, given);
    const port = (name) => page.getByRole("region", { name: t("protect.port_named", { port: name }), exact: true });
    const radio = (where, key) => where.getByRole("radio", { name: t(key) });
    const save = (key, vms) => page.getByRole("button", { name: t(key, { vms }), exact: true });
    let page, context, faults;

    before(async () => { ({ page, context, faults } = await signIn(browser, /Ada Admin/, look)); });
    after(async () => {
      await context.close();
      await restore();
    });

    test("is offered the defaults and adds a port of one's own, after a look at what it changes", async () => {
      await page.goto(policyUrl("web-02"));
      await page.getByRole("heading", { name: t("protect.title_enable", { vms: "web-02" }) }).waitFor();
      await port("22 SSH").waitFor();
      await page.getByRole("button", { name: t("protect.another") }).click();
      const fresh = page.getByRole("region", { name: t("protect.new_port"), exact: true });
      const number = fresh.getByLabel(t("protect.number"));
      await until("the number has the focus", true, () => number.evaluate((it) => it === document.activeElement));
      await number.fill("8443");
      const own = port("8443");
      await own.getByRole("radio", { name: "TCP" }).check();
      await radio(own, "protect.sources_only").check();
      await own.getByLabel(t("protect.sources_field")).fill("203.0.113.0/24\n198.51.100.7, 198.51.100.9");
      await own.getByLabel(t("protect.hours")).fill("0");
      await own.getByLabel(t("protect.minutes")).fill("45");
      const before = (await rulesOf("app-subnet-nsg")).length;
      await page.getByText(t("request.changes"), { exact: true }).click();
      await page.getByText(/postern-[\w-]*-guard-[\w-]*.*app-subnet-nsg.*8443/).first().waitFor();
      await page.getByText(t("protect.nothing_left")).waitFor();
      assert.equal((await rulesOf("app-subnet-nsg")).length, before, "a preview writes nothing");
      await save("protect.title_enable", "web-02").click();
      await page.getByRole("heading", { name: t("protect.saved", { vms: "web-02" }) }).waitFor();
      await page.getByText(t("protect.saved_text")).waitFor();
      const [policy] = await policies("web-02");
      assert.deepEqual(policy.ports, [rule(22), rule(8443, {
        protocol: "tcp", max_duration: "PT45M",
        allowed_sources: { only: ["198.51.100.7", "198.51.100.9", "203.0.113.0/24"] },
      })]);
      assert.equal(await probe("web-02", 8443, "10.1.0.9"), "shut");
    });

    test("comes from the VM's page, edits, and only what was changed changes", async () => {
      await page.goto(connectUrl("web-02"));
      await page.getByRole("link", { name: t("protect.edit_link") }).click();
      await port("8443").waitFor();
      await page.getByText(t("protect.unchanged")).last().waitFor();
      assert.ok(await save("protect.save", "web-02").isDisabled());
      const [then] = await policies("web-02");
      await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_required").check();
      await port("8443").getByRole("button", { name: t("protect.remove_port", { port: t("protect.port_named", { port: "8443" }) }) }).click();
      await save("protect.save", "web-02").click();
      await page.getByText(t("protect.saved_text")).waitFor();
      const [now] = await policies("web-02");
      assert.deepEqual(now, { ...then, ports: [rule(22)], justification: "required" });
    });

    test("edits several: what differs is mixed, and a change of one field changes that field alone", async () => {
      await give("web-02", { ports: [rule(22, { protocol: "tcp" }), rule(443)], ...settings });
      const limited = { only: ["203.0.113.0/24"] };
      await give("win-01", { ports: [rule(22, { allowed_sources: limited, max_duration: "PT1H" }), rule(3389)], ...settings, justification: "required" });
      await page.goto(policyUrl("web-02", "win-01"));
      await port("22 SSH").waitFor();
      for (const field of ["protocol", "sources", "longest"]) {
        const group = port("22 SSH").getByRole("group", { name: t(`protect.${field}`) });
        assert.ok(await radio(group, "protect.mixed").isChecked(), `${field} is mixed`);
      }
      assert.ok(await radio(page.getByRole("group", { name: t("protect.why") }), "protect.mixed").isChecked());
      assert.ok(await radio(port("443"), "protect.place_one").isChecked());
      await port("22 SSH").getByLabel(t("protect.minutes")).fill("45");
      await save("protect.save", t("protect.count", { count: 2 })).click();
      await page.getByText(t("protect.saved_text")).waitFor();
      const [web, win] = await policies("web-02", "win-01");
      assert.deepEqual(web.ports, [rule(22, { protocol: "tcp", max_duration: "PT45M" }), rule(443)]);
      assert.deepEqual(win.ports, [rule(22, { allowed_sources: limited, max_duration: "PT45M" }), rule(3389)]);
      assert.deepEqual([web.justification, win.justification], ["optional", "required"]);
      for (const [vm, number] of [["web-02", 443], ["win-01", 3389]]) {
        assert.equal(await probe(vm, number, "10.1.0.9"), "shut", `${vm} ${number} stays guarded`);
      }
    });

    test("is told at each field what is wrong, and the button leads there", async () => {
      await page.goto(policyUrl("web-02"));
      await page.getByRole("button", { name: t("protect.another") }).click();
      const fresh = page.getByRole("region", { name: t("protect.new_port"), exact: true });
      await fresh.getByLabel(t("protect.number")).fill("70000");
      await fresh.getByText(t("protect.number_expected")).waitFor();
      await radio(fresh, "protect.sources_only").check();
      await fresh.getByLabel(t("protect.sources_field")).fill("203.0.113.7/24");
      await fresh.getByText(t("form.source_host_bits", { given: "203.0.113.7/24", length: 24, range: "203.0.113.0/24" })).waitFor();
      await fresh.getByLabel(t("protect.hours")).fill("25");
      await fresh.getByText(t("protect.longest_expected")).waitFor();
      await save("protect.save", "web-02").click();
      const number = fresh.getByLabel(t("protect.number"));
      assert.ok(await number.evaluate((it) => it === document.activeElement), "the first wrong field has the focus");
      await number.fill("22");
      await page.getByText(t("protect.number_twice")).first().waitFor();
    });

    test("is asked before leaving what is not saved, and stays or goes", async () => {
      const away = page.getByRole("link", { name: t("common.cancel") });
      await away.click();
      const dialog = page.getByRole("dialog", { name: t("protect.leave_title") });
      await dialog.getByRole("button", { name: t("common.cancel") }).click();
      await dialog.waitFor({ state: "hidden" });
      assert.equal(new URL(page.url()).pathname, "/policy");
      await away.click();
      await dialog.getByRole("button", { name: t("protect.leave"), exact: true }).click();
      await page.getByRole("link", { name: t("protect.edit_link") }).waitFor();
      await page.goto(policyUrl("web-02"));
      await port("22 SSH").waitFor();
      assert.equal(await page.getByText(t("protect.restored")).count(), 0, "what was left is gone");
    });

    test("sees what a customer's rule leaves open anyway", async () => {
      await page.goto(policyUrl("legacy-01"));
      await page.getByText(t("request.changes"), { exact: true }).click();
      await page.getByText(/legacy-01.*allow-ssh.*300/).waitFor();
      await radio(page.getByRole("group", { name: t("protect.order") }), "protect.order_guard").check();
      await page.getByText(t("protect.nothing_left")).waitFor();
    });

    test("does not overwrite what somebody else saved meanwhile", async () => {
      await give("web-02", { ports: [rule(22)], ...settings });
      await page.goto(policyUrl("web-02"));
      await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_off").check();
      await give("web-02", { ports: [rule(22), rule(5986)], ...settings });
      await save("protect.save", "web-02").click();
      await page.getByText(t("protect.theirs_text")).waitFor();
      assert.equal((await policies("web-02"))[0].justification, "optional");
      await page.getByRole("button", { name: t("protect.load_theirs") }).click();
      await port("5986 WinRM").waitFor();
      await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_off").check();
      await save("protect.save", "web-02").click();
      await page.getByText(t("protect.saved_text")).waitFor();
      assert.equal((await policies("web-02"))[0].justification, "off");
    });

    test("is told that Azure cannot cut sessions, and nothing is saved", async () => {
      await offer({ flush_connection: false });
      await page.goto(policyUrl("web-02"));
      await radio(page.getByRole("group", { name: t("protect.sessions") }), "protect.sessions_end").check();
      await save("protect.save", "web-02").click();
      await page.getByText(t("protect.sessions_help")).waitFor();
      assert.equal((await policies("web-02"))[0].live_sessions, "never");
      await offer({ flush_connection: true });
      await save("protect.save", "web-02").click();
      await page.getByText(t("protect.saved_text")).waitFor();
      assert.equal((await policies("web-02"))[0].live_sessions, "at_end");
    });

    test("comes back to what was typed with Back and a change of language", async () => {
      await page.goto(connectUrl("web-02"));
      await page.getByRole("link", { name: t("protect.edit_link") }).click();
      await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_required").check();
      await page.goBack();
      const dialog = page.getByRole("dialog", { name: t("protect.leave_title") });
      await dialog.getByRole("button", { name: t("common.cancel") }).click();
      assert.ok(await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_required").isChecked());
      await page.locator("#language").click();
      await page.locator("#language").click();
      await page.getByText(t("protect.restored")).waitFor();
      assert.ok(await radio(page.getByRole("group", { name: t("protect.why") }), "protect.why_required").isChecked());
      await page.getByRole("button", { name: t("protect.start_over") }).click();
    });

    test("loses nothing when the session ends in mid-form", async () => {
      await page.goto(policyUrl("web-02"));
      const sources = port("22 SSH").getByLabel(t("protect.sources_field"));
      await radio(port("22 SSH"), "protect.sources_only").check();
      await sources.fill("203.0.113.0/24, 198.51.100.7");
      await context.clearCookies();
      await save("protect.save", "web-02").click();
      await page.getByRole("link", { name: t("sign_in.title") }).click();
      await page.getByRole("button", { name: /Ada Admin/ }).click();
      await page.getByText(t("protect.restored")).waitFor();
      assert.equal(await sources.inputValue(), "203.0.113.0/24, 198.51.100.7");
      await page.getByRole("button", { name: t("protect.start_over") }).click();
      assert.equal(await sources.count(), 0);
    });

    test("is told which VMs cannot be configured and goes on without them", async () => {
      await page.goto(policyUrl("web-02", "bare-01"));
      await page.getByText(new RegExp(`bare-01.*${t("unsupported.no_nsg")}`)).waitFor();
      await page.getByRole("button", { name: t("protect.without_these", { count: 1 }) }).click();
      await port("22 SSH").waitFor();
      assert.equal(new URL(page.url()).searchParams.getAll("vm").length, 1);
    });

    test("scrolls in one direction only and causes no error", async () => {
      for (const url of [policyUrl("web-02"), policyUrl("web-02", "win-01", "legacy-01"), `${URL_}/policy`]) {
        await page.goto(url);
        await page.locator("main h1").first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${url} is ${over} px too wide`);
      }
      assert.deepEqual(faults.filter((fault) => !/status of (409|412|401)/.test(fault)), []);
    });
  });
}

describe("by keyboard alone", () => {
  test("JIT is enabled on a Linux and a Windows VM with other settings", async () => {
    await restore();
    const { page, context, faults } = await signIn(browser, /Ada Admin/);
    const t = (key, given) => say("en", key, given);
    await page.goto(policyUrl("web-02", "win-01"));
    await page.getByRole("region", { name: "Port 22 SSH" }).waitFor();
    const reach = async (wanted) => {
      for (let tabs = 0; tabs < 60; tabs += 1) {
        await page.keyboard.press("Tab");
        if (await wanted.evaluate((it) => it === document.activeElement)) return;
      }
      assert.fail(`Tab does not reach ${wanted}`);
    };
    await reach(page.getByRole("button", { name: "5986 WinRM" }));
    await page.keyboard.press("Space");
    await page.getByRole("region", { name: "Port 5986 WinRM" }).waitFor();
    const why = page.getByRole("group", { name: t("protect.why") });
    await reach(why.getByRole("radio", { name: t("protect.why_optional") }));
    await page.keyboard.press("ArrowDown");
    await reach(page.getByRole("button", { name: t("protect.title_enable", { vms: "2 VMs" }) }));
    await page.keyboard.press("Enter");
    await page.getByText(t("protect.saved_text")).waitFor();
    const [web, win] = await policies("web-02", "win-01");
    assert.deepEqual(web.ports, [rule(22), rule(5986)]);
    assert.deepEqual(win.ports, [rule(3389), rule(5986)]);
    assert.deepEqual([web.justification, win.justification], ["required", "required"]);
    assert.deepEqual(faults, []);
    await context.close();
    await restore();
  });
});
