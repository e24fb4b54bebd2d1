// The list of VMs: three lists, found and ordered by what the address says, and many changed at once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LOOKS, PRODUCTION, URL_, WIDE, apiClient, rulesOf, say, signIn, startBrowser, until, vmId } from "./support.mjs";

/** VMs that no other file configures, with the ports that the defaults give them. */
const OURS = [["crowded-01", 3389], ["locked-01", 22], ["stopped-01", 22]];
const NAMES = OURS.map(([vm]) => vm);

let browser;
before(async () => { browser = await startBrowser(); });
after(async () => {
  await removeOurs();
  await browser?.close();
});

async function removeOurs() {
  const admin = await apiClient("ADMIN");
  for (const vm of NAMES) await admin("DELETE", `/api/vms/${PRODUCTION}/prod-rg/${vm}/policy`);
}

async function policyOf(vm) {
  const admin = await apiClient("ADMIN");
  return (await admin("GET", `/api/vms/${PRODUCTION}/prod-rg/${vm}`)).body.policy;
}

for (const look of LOOKS) {
  describe(`the list of VMs, ${look.name}`, () => {
    const t = (key, given) => say(look.locale, key, given);
    const isWide = look.viewport === WIDE;
    let page, context, faults;
    before(async () => {
      await removeOurs();
      ({ page, context, faults } = await signIn(browser, /Ada Admin/, look));
    });
    after(async () => { await context?.close(); });

    const row = (vm) => page.getByRole("row", { name: vm });
    const list = (name, rest = "") => page.goto(`${URL_}/?list=${name}${rest}`);
    const box = (vm) => page.getByRole("checkbox", { name: t("select.one", { vm }), exact: true });
    const bar = () => page.getByRole("region", { name: t("select.title") });
    const address = (part) => page.waitForFunction((part) => location.search.includes(part), part);

    test("each unsupported VM says why and what would change that", async () => {
      await list("unsupported");
      for (const [vm, why, remedy] of [
        ["bare-01", "no_nsg", "attach_nsg"],
        ["classic-01", "classic", "migrate"],
        ["fwpol-01", "firewall_policy", "classic_rules"],
      ]) {
        await row(vm).getByText(t(`unsupported.${why}`)).waitFor();
        await row(vm).getByText(t(`unsupported.${remedy}`)).waitFor();
      }
      assert.equal(await page.getByRole("checkbox").count(), 0, "nothing can be done with them");
    });

    test("no list has more columns than heads: those would take from the width of the others", async () => {
      for (const name of ["not-configured", "unsupported"]) {
        await list(name);
        await page.locator("table.vms thead th").first().waitFor({ state: "attached" });
        const [heads, columns] = await page.locator("table.vms").evaluate((table) => [
          table.querySelectorAll("thead th").length,
          Math.max(...[...table.rows].map((row) => [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0))),
        ]);
        assert.equal(columns, heads, name);
      }
    });

    test("JIT is enabled on many at once with the defaults of their systems", async () => {
      await list("not-configured");
      for (const vm of NAMES) await box(vm).check();
      await bar().getByText(t("select.count", { count: 3 })).waitFor();
      await bar().getByRole("button", { name: t("policy.enable_on_many", { count: 3 }) }).click();
      const dialog = page.getByRole("dialog", { name: t("policy.enable_on_many", { count: 3 }) });
      const longest = t("durations.hours", { count: 3 });
      await dialog.getByText(t("policy.by_system", { os: "Windows", count: 1, port: "3389 RDP", longest })).waitFor();
      await dialog.getByText(t("policy.by_system", { os: "Linux", count: 2, port: "22 SSH", longest })).waitFor();
      await dialog.getByRole("button", { name: t("common.enable") }).dblclick();
      await page.getByText(t("policy.enabled_on_many", { count: 3 })).waitFor();
      await until("the bar is gone", false, () => bar().isVisible());
      for (const [vm, port] of OURS) {
        const { ports } = await policyOf(vm);
        assert.deepEqual(ports, [{ port, protocol: "any", allowed_sources: "any", max_duration: "PT3H" }], vm);
        const guards = (await rulesOf(`${vm}-nsg`)).filter((write) => write.path.includes("-guard-"));
        assert.ok(guards.length > 0, `${vm} has a guard`);
      }
      await list("configured");
      for (const [vm, port] of OURS) {
        await row(vm).getByText(t("port.closed"), { exact: true }).waitFor();
        await row(vm).getByText(new RegExp(`\\b${port}\\b`)).waitFor();
        await row(vm).getByText(`${t("vms.nsg")} ${vm}-nsg`).waitFor();
      }
    });

    test("a search and a filter go into the address, can be taken off, and back leads through them", async () => {
      await list("configured");
      await row("stopped-01").waitFor();
      await page.getByRole("searchbox").fill("D-01");
      await address("search=D-01");
      await until("stopped-01", 0, () => row("web-01").count());
      await row("crowded-01").waitFor();
      await page.getByText(t("filter.title"), { exact: true }).click();
      await page.getByRole("combobox", { name: t("filter.system"), exact: true }).selectOption("windows");
      await address("os=windows");
      await until("stopped-01", 0, () => row("stopped-01").count());
      const chip = `${t("filter.system")}${t("common.colon")}Windows`;
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: t("filter.take_off", { what: chip }) }).click();
      await row("stopped-01").waitFor();
      await page.goBack();
      await until("stopped-01", 0, () => row("stopped-01").count());
      await page.goBack();
      await row("stopped-01").waitFor();
      await page.goBack();
      assert.equal(await page.getByRole("searchbox").inputValue(), "");
      await list("configured", "&search=nothing-is-called-so");
      await page.getByText(t("vms.no_match")).waitFor();
      await page.getByRole("button", { name: t("filter.clear") }).click();
      await row("stopped-01").waitFor();
    });

    test("a resource group can be chosen, and its VMs are counted", async () => {
      await list("unsupported");
      await row("classic-01").waitFor();
      await page.getByText(t("filter.title"), { exact: true }).click();
      await page.getByRole("combobox", { name: t("filter.group"), exact: true }).selectOption("net-rg");
      await row("fwpol-01").waitFor();
      await until("classic-01", 0, () => row("classic-01").count());
      const tab = page.getByRole("link", { name: new RegExp(`^${t("vms.unsupported")}`) });
      await until("the count", `${t("vms.unsupported")} 1`, () => tab.innerText().then((text) => text.replace(/\s+/g, " ")));
    });

    test("the order is chosen and turned round", async () => {
      await list("configured", "&search=-01&os=linux");
      const names = () => page.locator(".row__link").allInnerTexts();
      await row("stopped-01").waitFor();
      const up = [...await names()];
      assert.deepEqual(up, [...up].sort());
      if (isWide) {
        const head = page.getByRole("columnheader", { name: t("vms.name"), exact: true });
        assert.equal(await head.getAttribute("aria-sort"), "ascending");
        await head.getByRole("button").click();
        await until("the order", "descending", () => head.getAttribute("aria-sort"));
      } else {
        await page.getByText(t("filter.title"), { exact: true }).click();
        await page.getByRole("combobox", { name: t("filter.order"), exact: true }).selectOption("-name");
      }
      await address("sort=-name");
      await until("the names", [...up].reverse().join(), async () => (await names()).join());
    });

    test("many are selected one by one, as a range and all that match, and lead to the pages about them", async () => {
      await list("configured", "&search=-01");
      await row("stopped-01").waitFor();
      await box("crowded-01").check();
      await box("stopped-01").click({ modifiers: ["Shift"] });
      const rows = await page.locator(".row__link").allInnerTexts();
      const range = rows.slice(rows.indexOf("crowded-01"), rows.indexOf("stopped-01") + 1);
      assert.ok(range.length >= 3);
      await bar().getByText(t("select.count", { count: range.length })).waitFor();
      for (const [key, path] of [["select.request", "/request"], ["select.edit", "/policy"]]) {
        const href = await bar().getByRole("link", { name: t(key, { count: range.length }) }).getAttribute("href");
        assert.ok(href.startsWith(`${path}?`), href);
        const vms = new URL(href, URL_).searchParams.getAll("vm");
        assert.deepEqual(vms.map((vm) => vm.split("/").at(-1)).toSorted(), range.toSorted());
      }
      await box("locked-01").uncheck();
      await bar().getByText(t("select.count", { count: range.length - 1 })).waitFor();
      if (rows.length > range.length) {
        await bar().getByRole("button", { name: t("select.every", { count: rows.length }) }).click();
        await bar().getByText(t("select.count", { count: rows.length })).waitFor();
      }
      await bar().getByRole("button", { name: t("select.clear") }).click();
      await until("the bar", false, () => bar().isVisible());
      assert.equal(await box("crowded-01").isChecked(), false);
    });

    test("the menu of a row has what the person may do", async () => {
      await list("configured");
      const menu = (vm) => row(vm).getByLabel(t("vms.about", { action: t("vms.actions"), vm }));
      await menu("locked-01").click();
      const about = `?vm=${encodeURIComponent(vmId("locked-01"))}`;
      for (const [key, href] of [
        ["request.title", `/connect/${PRODUCTION}/prod-rg/locked-01`],
        ["vms.edit", `/policy${about}`],
        ["facts.activity", `/activity${about}`],
      ]) {
        const item = row("locked-01").getByRole("link", { name: t(key), exact: true });
        assert.equal(await item.getAttribute("href"), href);
      }
      await row("locked-01").getByRole("button", { name: t("common.remove") }).waitFor();
      await page.keyboard.press("Escape");
      await until("the focus", true, () => menu("locked-01").evaluate((it) => it === document.activeElement));
      const reader = await signIn(browser, /Rui Requester/, look);
      await reader.page.goto(`${URL_}/?list=configured`);
      const theirs = reader.page.getByRole("row", { name: "locked-01" });
      await theirs.getByLabel(t("vms.about", { action: t("vms.actions"), vm: "locked-01" })).click();
      await theirs.getByRole("link", { name: t("facts.activity"), exact: true }).waitFor();
      assert.equal(await theirs.getByRole("button", { name: t("common.remove") }).count(), 0);
      assert.equal(await theirs.getByRole("link", { name: t("vms.edit"), exact: true }).count(), 0);
      assert.deepEqual(reader.faults, []);
      await reader.context.close();
    });

    test("JIT is removed from one by its menu and from many by the bar", async () => {
      await list("configured");
      await row("locked-01").getByLabel(t("vms.about", { action: t("vms.actions"), vm: "locked-01" })).click();
      await row("locked-01").getByRole("button", { name: t("common.remove") }).click();
      const alone = page.getByRole("dialog", { name: t("policy.remove_from", { vm: "locked-01" }) });
      await alone.getByRole("button", { name: t("common.remove") }).click();
      await page.getByText(t("policy.removed_from", { vm: "locked-01" })).waitFor();
      await until("locked-01", 0, () => row("locked-01").count());
      await box("crowded-01").check();
      await box("stopped-01").check();
      await bar().getByRole("button", { name: t("select.remove", { count: 2 }) }).click();
      const both = page.getByRole("dialog", { name: t("policy.remove_from_many", { count: 2 }) });
      await both.getByText(t("policy.own_rules_decide", { ports: ["22", "3389"].join(t("common.comma")) })).waitFor();
      await both.getByRole("button", { name: t("common.remove") }).click();
      await page.getByText(t("policy.removed_from_many", { count: 2 })).waitFor();
      for (const vm of NAMES) assert.equal(await policyOf(vm), null, vm);
      await list("not-configured");
      for (const vm of NAMES) await row(vm).waitFor();
    });

    test("nothing is wider than the screen, and no error was caused", async () => {
      for (const name of ["not-configured", "unsupported"]) {
        await list(name);
        await page.locator(".row, .empty").first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${name} is ${over} px too wide`);
      }
      assert.deepEqual(faults, []);
    });
  });
}
