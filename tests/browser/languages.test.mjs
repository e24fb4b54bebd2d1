// The portal in Traditional Chinese: every page, the main job, and the switch.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PHONE, PRODUCTION, URL_, WIDE, startBrowser, watch } from "./support.mjs";

/** Names and abbreviations that Chinese texts keep. */
const KEPT = new Set([
  "Postern", "Azure", "Resource", "Manager", "Firewall", "VM", "JIT", "NSG", "NAT", "IP", "ID", "CSV", "RDP", "SSH",
  "WinRM", "TCP", "UDP", "UTC", "Linux", "Windows", "Contoso", "Production", "Development", "ssh", "westeurope",
  "northeurope",
]);

/** The words of a text that are neither kept nor part of a name, an address or a command. */
function english(text) {
  const words = text.split(/[\s、，。；：（）()「」·…/]+/).filter((word) => !/[\d@_.-]/.test(word));
  return words.flatMap((word) => word.match(/[A-Za-z]{2,}/g) ?? []).filter((word) => !KEPT.has(word));
}

async function isChinese(page, where) {
  const text = await page.locator("main").innerText();
  assert.match(text, /\p{Script=Han}/u, where);
  assert.deepEqual(english(text), [], `${where}: ${text}`);
  const said = await page.locator("main :is([aria-label], [placeholder], [title])").evaluateAll((elements) =>
    elements.flatMap((element) => ["aria-label", "placeholder", "title"].map((name) => element.getAttribute(name) ?? "")));
  assert.deepEqual(said.flatMap(english), [], where);
}

async function signIn(browser, options) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const page = await context.newPage();
  const faults = watch(page);
  await page.goto(URL_);
  await page.locator("#sign-in").click();
  await page.getByRole("button", { name: /Ada Admin/ }).click();
  await page.locator("main h1").waitFor();
  return { page, context, faults };
}

let browser;
before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

describe("who reads Chinese", () => {
  let reader;
  before(async () => { reader = await signIn(browser, { locale: "zh-TW", timezoneId: "Asia/Taipei" }); });

  test("sees the sign-in page in Chinese", async () => {
    const context = await browser.newContext({ locale: "zh-TW" });
    const page = await context.newPage();
    await page.goto(URL_);
    await page.getByRole("heading", { name: "登入 Postern" }).waitFor();
    await isChinese(page, "the sign-in page");
    await context.close();
  });

  test("sees the three lists with the reasons and remedies", async () => {
    const { page } = reader;
    await page.getByRole("heading", { name: "虛擬機器" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-TW");
    for (const [list, text] of [
      ["已設定", "VM"],
      ["未設定", "crowded-01"],
      ["不支援", "網路介面和子網路都沒有網路安全性群組"],
    ]) {
      await page.getByRole("link", { name: new RegExp(`^${list}`) }).click();
      await page.locator(`main [aria-current="page"]`, { hasText: list }).waitFor();
      await page.locator("main").getByText(text).first().waitFor();
      await isChinese(page, list);
    }
  });

  test("enables JIT by the dialog", async () => {
    const { page } = reader;
    await page.goto(`${URL_}/?list=not-configured`);
    await page.getByRole("button", { name: "啟用 JIT：dev-02", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "在 dev-02 上啟用 JIT" });
    await dialog.getByText(/拒絕連入連接埠\s22/).waitFor();
    await dialog.getByText(/最長 3\s小時/).waitFor();
    await isChinese(page, "the dialog");
    await dialog.getByRole("button", { name: "啟用 JIT" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  test("opens the port and closes it", async () => {
    const { page } = reader;
    await page.goto(`${URL_}/?list=configured`);
    await page.getByRole("link", { name: "dev-02", exact: true }).click();
    const open = page.getByRole("button", { name: "開啟 SSH 22 對 203.0.113.7 開放 1 小時" });
    await open.waitFor();
    await page.getByText("會變更什麼").click();
    await page.getByText("對 203.0.113.7 開放 10.8.0.5 的 TCP 與 UDP 連接埠 22。").waitFor();
    await isChinese(page, "the connect page at rest");
    await page.getByLabel("分鐘數").fill("300");
    await page.getByText("5 小時超過連接埠 22 的最大要求時間 3 小時").waitFor();
    await page.getByLabel("分鐘數").fill("60");
    await page.getByLabel("位址或範圍").fill("203.0.113.7/24");
    await page.getByText("正確的範圍是 203.0.113.0/24").waitFor();
    await isChinese(page, "the connect page with an objection");
    await page.getByRole("radio", { name: /我的 IP/ }).check();
    await open.click();
    await page.getByText("已為您開啟", { exact: false }).first().waitFor();
    await page.getByText(/^00:59:\d\d$/).first().waitFor();
    await page.getByText("ssh azureuser@20.51.5.2").waitFor();
    await isChinese(page, "the connect page while it is open");
    await page.goto(`${URL_}/access`);
    await page.getByText(/^00:5\d:\d\d$/).first().waitFor();
    await isChinese(page, "my access while it is open");
    await page.goBack();
    await page.getByRole("button", { name: "立即關閉" }).click();
    await page.getByText(/已提前關閉，\d\d:\d\d 確認已關閉/).waitFor();
    await isChinese(page, "the connect page after closing");
  });

  test("reads what happened, and what was open", async () => {
    const { page } = reader;
    await page.getByRole("link", { name: "這部 VM 的活動記錄" }).click();
    for (const step of [
      /要求開啟 dev-02 的連接埠\s22 \(來源 203\.0\.113\.7，60 分鐘\)/, /已核准，到 .* UTC\+8/, /已在 .* 寫入規則/,
      /確認已對 203\.0\.113\.7 開啟/, /已從 .* 移除規則/, /確認已關閉 \(提前關閉\)/,
    ]) {
      await page.getByText(step).first().waitFor();
    }
    await isChinese(page, "the activity of a VM");
    await page.goto(`${URL_}/access`);
    await page.getByText("提前關閉").first().waitFor();
    await isChinese(page, "my access");
  });

  test("is told in Chinese what cannot be shown", async () => {
    const { page } = reader;
    await page.goto(`${URL_}/nowhere`);
    await page.getByRole("heading", { name: "這裡沒有內容" }).waitFor();
    await isChinese(page, "a page that is not there");
  });

  test("caused no error in the console and no violation of the policy", () => {
    assert.deepEqual(reader.faults, []);
  });
});

for (const [size, viewport] of [["a wide screen", WIDE], ["a phone", PHONE]]) {
  test(`the language is switched on ${size} where one stands, and is remembered`, async () => {
    const { page, context, faults } = await signIn(browser, { locale: "en-GB", viewport });
    await page.goto(`${URL_}/access`);
    await page.getByRole("heading", { name: "My access" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByRole("heading", { name: "我的存取" }).waitFor();
    assert.equal(await page.title(), "我的存取 · Postern");
    await page.locator("#language:focus").waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "我的存取" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-TW");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "My access" }).waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });
}

test("of several languages of the browser the first that the portal speaks is taken", async () => {
  for (const [locale, lang] of [["zh-HK", "zh-TW"], ["de-DE", "en"], ["en-US", "en"]]) {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    await page.goto(URL_);
    await page.locator("#sign-in").waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), lang, locale);
    await context.close();
  }
});

test("a resource group may have letters of any script, in upper or lower case", async () => {
  const { page, context } = await signIn(browser, {});
  const group = (name) => `vm=${encodeURIComponent(
    `/subscriptions/${PRODUCTION}/resourceGroups/${name}/providers/Microsoft.Compute/virtualMachines/web-01`)}`;
  const read = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/vms/")) read.push(decodeURIComponent(pathname));
  });
  // The first two are one, the third is another, and the fourth is no resource group.
  const asked = page.waitForResponse((answer) => decodeURIComponent(new URL(answer.url()).pathname).includes("倉庫"));
  await page.goto(`${URL_}/request?${["ΟΔΟΣ-Ü", "οδος-ü", "倉庫٣", "☃"].map(group).join("&")}`);
  await asked;
  const groups = new Set(read.map((path) => path.split("/")[4]));
  assert.deepEqual(groups, new Set(["ΟΔΟΣ-Ü", "倉庫٣"]), read.join(", "));
  await context.close();
});
