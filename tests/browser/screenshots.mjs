// Pictures of every page in a folder: `node screenshots.mjs FOLDER [NAME]`, by `cargo xtask screenshots`.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  LOOKS, URL_, connectUrl, enable, say, signIn, startBrowser, vmId, watch,
} from "./support.mjs";

const [folder, only = ""] = process.argv.slice(2);
const many = (...vms) => vms.map((vm) => `vm=${encodeURIComponent(vmId(vm))}`).join("&");
const IN_NET = connectUrl("fw-01").replace("/prod-rg/", "/net-rg/");

/** Name, address, and what is done before the picture is taken. */
const SCENES = [
  ["vms-configured", "/?list=configured"],
  ["vms-not-configured", "/?list=not-configured"],
  ["vms-unsupported", "/?list=unsupported"],
  ["connect-closed", connectUrl("web-01")],
  ["connect-open", connectUrl("web-02")],
  ["connect-still-open", connectUrl("legacy-01")],
  ["connect-firewall", IN_NET],
  ["connect-not-configured", connectUrl("stopped-01")],
  ["connect-unsupported", connectUrl("bare-01")],
  ["request-many", `/request?${many("web-01", "win-01")}`],
  ["policy-one", `/policy?${many("stopped-01")}`],
  ["policy-many", `/policy?${many("web-01", "win-01")}`],
  ["access", "/access"],
  ["activity", "/activity"],
  ["health", "/health"],
  ["not-found", "/nowhere"],
].filter(([name]) => name.includes(only));

/** VMs with policies, and two openings of the person who takes the pictures. */
async function stage(browser) {
  for (const [vm, port, group] of [
    ["web-01", 22], ["web-02", 22], ["win-01", 3389], ["legacy-01", 22], ["fw-01", 22, "net-rg"],
  ]) {
    await enable(vm, port, group);
  }
  const { page, context } = await signIn(browser, /Ada Admin/);
  for (const url of [connectUrl("web-02"), IN_NET]) {
    await page.goto(url);
    await page.locator("#primary").click();
    await page.getByText(say("en", "connect.open_for_you")).first().waitFor();
  }
  const kept = await context.storageState();
  await context.close();
  return kept;
}

async function settled(page) {
  await page.locator("main h1, main h2").first().waitFor();
  await page.waitForFunction(() => !document.querySelector("main [aria-busy=true], main .skeleton"));
  await page.waitForLoadState("networkidle");
}

async function picture(browser, storageState, look, theme) {
  const context = await browser.newContext({ ...look, storageState, colorScheme: theme });
  const page = await context.newPage();
  const faults = watch(page);
  for (const [name, path] of SCENES) {
    await page.goto(path.startsWith("/") ? URL_ + path : path);
    await settled(page);
    await shoot(page, name, look, theme);
  }
  await context.close();
  return faults;
}

async function signedOut(browser, look, theme) {
  const context = await browser.newContext({ ...look, colorScheme: theme });
  const page = await context.newPage();
  await page.goto(URL_);
  await settled(page);
  await shoot(page, "sign-in", look, theme);
  await context.close();
}

async function shoot(page, name, look, theme) {
  const file = `${name}.${look.locale}.${look.viewport.width}.${theme}.png`;
  await page.screenshot({ path: join(folder, file), fullPage: true });
  console.log(file);
}

await mkdir(folder, { recursive: true });
const browser = await startBrowser();
const kept = await stage(browser);
const faults = [];
for (const look of LOOKS) {
  for (const theme of ["light", "dark"]) {
    faults.push(...await picture(browser, kept, look, theme));
    if ("sign-in".includes(only)) await signedOut(browser, look, theme);
  }
}
await browser.close();
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exitCode = 1;
}
