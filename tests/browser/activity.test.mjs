// The activity: its filters are its address, its steps have what an auditor asks for, and its CSV is a file to work with.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import {
  LOOKS, PRODUCTION, URL_, apiClient, enable, say, signIn, startBrowser, until, vmId,
} from "./support.mjs";

const VM = "web-02";
/** A justification that a spreadsheet would run, with all that a CSV has to quote. */
const FORMULA = '=HYPERLINK("https://example.com","click"), 維護';
const POLICY = `/api/vms/${PRODUCTION}/prod-rg/${VM}/policy`;

let browser, admin, requester;

before(async () => {
  browser = await startBrowser();
  [admin, requester] = await Promise.all([apiClient("ADMIN"), apiClient("REQUESTER")]);
  await enable(VM, 22);
  await liveThrough();
});
after(async () => {
  await admin("DELETE", POLICY);
  await browser?.close();
});

/** Asked, opened, closed; and refused. */
async function liveThrough() {
  const opening = { vm: vmId(VM), port: 22, duration: "PT30M", sources: ["203.0.113.7"] };
  const granted = await requester("POST", "/api/grants", { openings: [opening], justification: FORMULA });
  assert.equal(granted.status, 201, JSON.stringify(granted.body));
  const revoked = await requester("POST", `/api/grants/${granted.body.id}/revoke`);
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  const refused = await requester("POST", "/api/grants", { openings: [{ ...opening, port: 443 }] });
  assert.equal(refused.status, 403);
}

/** The rows of a CSV, each by the names in its head. */
function parsed(text) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const row = rows.at(-1);
    const letter = text[at];
    if (quoted && letter === '"' && text[at + 1] === '"') row[row.length - 1] += text[(at += 1)];
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === ",") row.push("");
    else if (!quoted && letter === "\r" && text[at + 1] === "\n") rows.push([""]), (at += 1);
    else row[row.length - 1] += letter;
  }
  assert.deepEqual(rows.pop(), [""], "the file ends with a line's end");
  const [head, ...body] = rows;
  assert.ok(body.every((row) => row.length === head.length), "each row has as many cells as the head");
  return body.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
}

for (const look of LOOKS) {
  const text = (key, given) => say(look.locale, key, given);
  const own = { timezoneId: "Asia/Taipei", permissions: ["clipboard-read", "clipboard-write"], ...look };

  describe(`the activity in ${look.name}`, () => {
    let page, faults, context;
    before(async () => { ({ page, faults, context } = await signIn(browser, /Ada Admin/, own)); });
    after(async () => { await context.close(); });

    const rows = () => page.locator("table.table--activity > tbody > tr");
    const steps = (key, given) => rows().filter({ hasText: text(key, given) });
    const openFilters = async () => {
      const filters = page.locator("details.log-filters");
      if (!(await filters.evaluate((it) => it.open))) await filters.locator("summary").click();
    };

    test("a filter is set by the fields and stands in the address, which a stranger's browser understands", async () => {
      await page.goto(`${URL_}/activity`);
      await rows().first().waitFor();
      await openFilters();
      await page.getByLabel("VM", { exact: true }).fill(VM);
      await page.getByLabel("VM", { exact: true }).press("Enter");
      await page.getByRole("heading", { level: 1, name: text("activity.title_of", { vm: VM }) }).waitFor();
      await page.locator("label.chip", { hasText: text("activity_filter.closed") }).click();
      await page.locator("label.chip", { hasText: text("activity_filter.refused") }).click();
      await page.getByLabel(text("activity_filter.time")).selectOption({ label: text("activity_filter.last_day") });
      await until("the address", "closed,refused 1d", async () => {
        const query = new URL(page.url()).searchParams;
        return `${query.get("kind")} ${query.get("last")}`;
      });
      await steps("event.closed_revoked").first().waitFor();
      await until("steps of other kinds", 0, () => rows().filter({ hasText: text("event.policy_removed") }).count());
      const count = await rows().count();
      assert.equal(await rows().getByRole("link", { name: VM, exact: true }).count(), count, "each is of the VM");
      const stranger = await context.newPage();
      await stranger.goto(page.url());
      await stranger.locator("table.table--activity > tbody > tr").first().waitFor();
      assert.equal(await stranger.locator("table.table--activity > tbody > tr").count(), count);
      assert.ok(await stranger.locator("input:checked").count() >= 2 || look.viewport.width < 500);
      await stranger.close();
    });

    test("the link that is copied is the address", async () => {
      await page.getByRole("button", { name: text("activity.copy_link") }).click();
      await page.getByRole("button", { name: text("common.copied") }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(new URL(copied).searchParams.toString(), new URL(page.url()).searchParams.toString());
    });

    test("a name that no VM has is said to be none, and the filter stays", async () => {
      await page.getByLabel("VM", { exact: true }).fill("no-such-vm");
      await page.getByLabel("VM", { exact: true }).press("Enter");
      await page.getByText(text("activity_filter.no_vm", { name: "no-such-vm" })).waitFor();
      assert.match(page.url(), new RegExp(VM));
    });

    test("a time is chosen by its two ends where the reader is", async () => {
      await page.goto(`${URL_}/activity`);
      await rows().first().waitFor();
      await openFilters();
      await page.getByLabel(text("activity_filter.time")).selectOption({ label: text("activity_filter.between") });
      await page.getByLabel(text("activity_filter.since")).fill("2020-01-01T08:00");
      await page.getByLabel(text("activity_filter.since")).blur();
      await page.getByLabel(text("activity_filter.until")).fill("2020-01-01T09:30");
      await page.getByLabel(text("activity_filter.until")).blur();
      await page.getByText(text("activity.no_match")).waitFor();
      const query = new URL(page.url()).searchParams;
      assert.deepEqual([query.get("since"), query.get("until")], ["2020-01-01T00:00:00Z", "2020-01-01T01:30:00Z"]);
      await page.getByRole("button", { name: text("activity_filter.clear") }).click();
      await rows().first().waitFor();
      assert.equal(new URL(page.url()).search, "");
    });

    test("a written rule is shown before and after, with who gets in, Azure's id and the entry's hash", async () => {
      await page.goto(`${URL_}/activity?vm=${vmId(VM)}&kind=rules`);
      const written = rows().filter({ hasText: "-lease-" }).first();
      await written.locator("summary").click();
      const rule = written.locator("table.grid");
      await rule.getByRole("columnheader", { name: text("step.before") }).waitFor();
      await rule.getByRole("row", { name: new RegExp(text("step.sources")) }).getByText("203.0.113.7").waitFor();
      await written.getByText(text("step.proof")).waitFor();
      const ids = written.locator(".detail__id");
      assert.match(await ids.first().innerText(), /[0-9a-f-]{36}/);
      assert.match(await ids.last().innerText(), /[0-9a-f]{64}/);
      await ids.first().getByRole("button").click();
      await ids.first().getByText(text("common.copied")).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(copied, (await ids.first().locator("code").innerText()).trim());
    });

    test("a justification is told as it was written, and a person's name leads to all that they did", async () => {
      await page.goto(`${URL_}/activity?vm=${vmId(VM)}&kind=asked`);
      const asked = rows().filter({ hasText: "203.0.113.7" }).last();
      await asked.locator("summary").click();
      await asked.getByText(FORMULA).waitFor();
      await asked.locator("td a").first().click();
      await until("the person in the address", true, async () => new URL(page.url()).searchParams.has("person"));
      await until("steps of Postern's own", 0, () => rows().locator("td:nth-child(2)").filter({ hasText: /^Postern$/ }).count());
    });

    test("the CSV has the same steps, no formula, and times that machines read", async () => {
      await page.goto(`${URL_}/activity?vm=${vmId(VM)}&kind=asked,refused&last=1d`);
      await rows().first().waitFor();
      const count = await rows().count();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: text("activity.download") }).click(),
      ]);
      assert.match(download.suggestedFilename(), /\.csv$/);
      const all = parsed(await readFile(await download.path(), "utf8"));
      assert.equal(all.length, count);
      assert.ok(all.every((row) => row.virtual_machine === vmId(VM)), "only this VM");
      assert.deepEqual([...new Set(all.map((row) => row.event))].sort(), ["asked", "denied", "granted", "revoke_asked"]);
      const why = all.find((row) => row.justification !== "").justification;
      assert.equal(why, `'${FORMULA}`);
      for (const row of all) {
        assert.match(row.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
        assert.match(row.hash, /^[0-9a-f]{64}$/);
        for (const cell of Object.values(row)) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
      }
    });

    test("what happens meanwhile is announced and does not push the list down", async () => {
      await page.goto(`${URL_}/activity?vm=${vmId(VM)}&kind=refused`);
      await rows().first().waitFor();
      const first = await rows().first().innerText();
      const count = await rows().count();
      await requester("POST", "/api/grants", { openings: [{ vm: vmId(VM), port: 443, duration: "PT30M" }] });
      const fresh = page.getByRole("button", { name: text("activity.show_one") });
      await fresh.waitFor();
      assert.equal(await rows().first().locator(".step__what").innerText(), first.split("\n").at(-1));
      assert.equal(await rows().count(), count);
      await fresh.click();
      await until("the rows", count + 1, () => rows().count());
    });

    test("older steps come by themselves towards the end of the page, each once", async () => {
      await page.goto(`${URL_}/activity`);
      await rows().first().waitFor();
      const end = page.getByText(text("activity.oldest"));
      for (let round = 0; round < 40 && !(await end.isVisible()); round += 1) {
        await page.mouse.wheel(0, 20_000);
        await page.waitForTimeout(250);
      }
      await end.waitFor();
      const everything = await admin("GET", "/api/activity?limit=200");
      assert.ok((await rows().count()) >= Math.min(200, everything.body.steps.length));
    });

    test("caused no error in the console and no violation of the policy", () => {
      assert.deepEqual(faults, []);
    });
  });
}
