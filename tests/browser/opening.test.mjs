// The main job, as people do it: enable, open by a bookmark, see it open, see it close by itself, read what happened.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import {
  PHONE, URL_, connectUrl, enable, probe, probeAt, removeRule, rulesOf, signIn, startBrowser, until,
} from "./support.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

describe("an admin", () => {
  let admin;
  before(async () => { admin = await signIn(browser, /Ada Admin/); });

  test("sees the three lists with a reason for each unsupported VM", async () => {
    const { page } = admin;
    await page.getByRole("link", { name: /^Unsupported/ }).click();
    for (const [vm, reason] of [
      ["bare-01", /No network security group/],
      ["classic-01", /classic VM/],
      ["fwpol-01", /firewall policy/],
    ]) {
      await page.getByRole("row", { name: new RegExp(vm) }).getByText(reason).first().waitFor();
    }
  });

  test("enables JIT on a Linux and a Windows VM with Azure's defaults, and the guards are in the NSGs", async () => {
    const { page } = admin;
    for (const [vm, port] of [["web-01", "22"], ["win-01", "3389"]]) {
      await page.goto(`${URL_}/?list=not-configured`);
      await page.getByRole("button", { name: `Enable JIT: ${vm}`, exact: true }).click();
      const dialog = page.getByRole("dialog", { name: `Enable JIT on ${vm}` });
      await dialog.getByText(new RegExp(`denies inbound ${port}`)).waitFor();
      await dialog.getByRole("button", { name: "Enable JIT" }).click();
      await dialog.waitFor({ state: "hidden" });
      await page.goto(`${URL_}/?list=configured`);
      const row = page.getByRole("row", { name: vm });
      await row.getByText("Closed").waitFor();
      await row.getByText(new RegExp(`\\b${port}\\b`)).waitFor();
    }
    for (const nsg of ["web-01-nsg", "win-01-nsg", "app-subnet-nsg"]) {
      const guards = (await rulesOf(nsg)).filter((write) => write.method === "PUT" && write.path.includes("-guard-"));
      assert.ok(guards.length > 0, `${nsg} has a guard`);
    }
  });

  test("is told that a customer's rule keeps a port open", async () => {
    const { page } = admin;
    await enable("legacy-01", 22);
    await page.goto(connectUrl("legacy-01"));
    await page.getByText(/Still open from the Internet by customer rule allow-ssh \(priority 300\)/).first().waitFor();
  });

  test("sees what Azure's rules make of a request before it is sent, and nothing is written for it", async () => {
    const { page } = admin;
    await page.goto(connectUrl("web-01"));
    const before = (await rulesOf("web-01-nsg")).length;
    await page.getByText("What this changes").click();
    await page.getByText("Opens TCP and UDP port 22 of 10.1.0.4 to 203.0.113.7.").waitFor();
    await page.getByRole("radio", { name: /Another/ }).check();
    await page.getByLabel("Address or range").fill("198.51.100.0/28");
    await page.getByText("Opens TCP and UDP port 22 of 10.1.0.4 to 198.51.100.0/28.").waitFor();
    assert.equal((await rulesOf("web-01-nsg")).length, before);
  });

  test("sees that somebody removed a guard, and it is written again", async () => {
    const { page } = admin;
    const guard = await removeRule("web-01-nsg", "-guard-");
    await page.waitForTimeout(2500);
    await page.goto(connectUrl("web-01"));
    await page.getByText(`Somebody removed rule ${guard} from web-01-nsg`).waitFor();
    await page.getByRole("heading", { name: "Closed" }).waitFor();
    assert.equal(await probe("web-01", 22, "10.1.0.9"), "shut");
  });

  test("reaches a VM behind an Azure Firewall by the mapped port that the page shows", async () => {
    const { page } = admin;
    await enable("fw-01", 22, "net-rg");
    await page.goto(connectUrl("fw-01").replace("/prod-rg/", "/net-rg/"));
    await page.getByRole("button", { name: "Open SSH 22 from 203.0.113.7 for 1 hour" }).click();
    await page.getByText("through Azure Firewall hub-fw").waitFor();
    const line = await page.getByText(/^ssh -p \d+ azureuser@20\.51\.4\.\d$/).textContent();
    const [, port, address] = line.match(/-p (\d+) azureuser@(\S+)/);
    assert.equal(await probeAt(address, Number(port)), "open");
    assert.equal(await probeAt(address, Number(port), "198.51.100.1"), "shut");
    await page.getByRole("button", { name: /Close now/ }).click();
    await page.getByText(/read back as closed/).waitFor();
    assert.equal(await probeAt(address, Number(port)), "shut");
  });

  test("caused no error in the console and no violation of the policy", () => {
    assert.deepEqual(admin.faults, []);
  });
});

for (const [size, viewport] of [["on a wide screen", undefined], ["on a phone", PHONE]]) {
  describe(`a requester ${size}`, () => {
    let requester;
    before(async () => {
      requester = await signIn(browser, /Rui Requester/, viewport ? { viewport, hasTouch: true } : {});
    });
    after(async () => { await requester.context.close(); });

    test("opens the port from the bookmark with Enter alone, sees the steps and the countdown, and closes it", async () => {
      const { page } = requester;
      await page.goto(connectUrl("web-01"));
      const button = page.getByRole("button", { name: "Open SSH 22 from 203.0.113.7 for 1 hour" });
      await button.waitFor();
      assert.equal(await probe("web-01", 22), "shut");
      await until("the button has the focus", true, () => button.evaluate((it) => it === document.activeElement));
      await page.keyboard.press("Enter");
      await page.getByText("Rule written").first().waitFor();
      await page.getByText(/Open for you/).first().waitFor();
      assert.equal(await probe("web-01", 22), "open");
      assert.equal(await probe("web-01", 22, "203.0.113.8"), "shut");
      assert.equal(await probe("web-01", 22, "198.51.100.1"), "shut");
      await page.getByText(/^00:59:\d\d$/).first().waitFor();
      await page.getByText("ssh azureuser@20.51.3.9").waitFor();
      await page.getByRole("button", { name: /Close now/ }).click();
      await button.waitFor();
      assert.equal(await probe("web-01", 22), "shut");
    });

    test("is not shown VMs of other resource groups", async () => {
      const { page } = requester;
      await page.goto(`${URL_}/?list=not-configured`);
      await page.getByText("crowded-01").first().waitFor();
      assert.equal(await page.getByText("dev-01").count(), 0);
    });

    test("scrolls in one direction only", async () => {
      const { page } = requester;
      for (const path of [URL_, connectUrl("web-01"), `${URL_}/activity`, `${URL_}/access`]) {
        await page.goto(path);
        await page.locator("main h1, main h2").first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide`);
      }
    });

    test("caused no error in the console and no violation of the policy", () => {
      assert.deepEqual(requester.faults, []);
    });
  });
}

describe("an opening of one minute", () => {
  let requester;
  before(async () => { requester = await signIn(browser, /Rui Requester/); });

  test("closes by itself with no page open, and not before its end", async () => {
    const { page } = requester;
    await page.goto(`${connectUrl("win-01")}?for=PT1M`);
    await page.getByRole("button", { name: /Open RDP 3389 from 203.0.113.7 for 1 min/ }).click();
    await page.getByText(/Open for you/).first().waitFor();
    await page.getByRole("link", { name: /RDP file/ }).waitFor();
    assert.equal(await probe("win-01", 3389), "open");
    await page.goto("about:blank");
    await until("the port", "shut", () => probe("win-01", 3389), 120);
    const removed = (await rulesOf("win-01-nsg")).filter((write) => write.method === "DELETE").at(-1);
    const end = Number.parseInt(removed.path.match(/-lease-[0-9a-f]{32}-([0-9a-f]{8})-/i)[1], 16);
    const late = Date.parse(removed.at) / 1000 - end;
    console.log(`# the removal was sent ${late.toFixed(3)} s after the end`);
    assert.ok(late >= 0, "never early");
    await page.goto(connectUrl("win-01"));
    await page.getByRole("button", { name: /Open RDP 3389/ }).waitFor();
  });

  test("left every step in the activity and in its CSV", async () => {
    const { page } = requester;
    await page.goto(connectUrl("win-01"));
    await page.getByRole("link", { name: /Activity of this VM/ }).click();
    for (const step of [/Asked for port 3389/, /Granted until/, /Wrote rule/, /read back as open/, /Removed rule/, /read back as closed \(expired\)/]) {
      await page.getByText(step).first().waitFor();
    }
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download CSV" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).split("\r\n");
    assert.equal(lines[0].split(",")[0], "time");
    for (const kind of ["asked", "granted", "rule_written", "opened", "rule_removed", "closed"]) {
      assert.ok(lines.some((line) => line.includes(`,${kind},`)), `${kind} is in the CSV`);
    }
    assert.ok(lines.slice(1).every((line) => line === "" || line.includes("win-01")), "only this VM");
  });
});

describe("a person with no role", () => {
  test("sees no VM, and a bookmark looks as if the VM did not exist", async () => {
    const { page } = await signIn(browser, /Noah Nobody/);
    await page.goto(connectUrl("web-01"));
    await page.getByText(/there is no virtual machine/i).first().waitFor();
    assert.equal(await page.getByRole("button", { name: /^Open/ }).count(), 0);
  });
});
