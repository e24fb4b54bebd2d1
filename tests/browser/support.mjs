// What the browser tests share: a browser, people who sign in, and azure-sim's own word on what is open.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by cargo xtask test`);
  return value;
};

export const URL_ = need("POSTERN_URL");
export const SIM = need("POSTERN_SIM_URL");
export const DATA = need("POSTERN_DATA");
export const PRODUCTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
export const CLIENT = "203.0.113.7";
export const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** The four ways in which each flow has to work. */
export const LOOKS = ["en", "zh-TW"].flatMap((locale) => [
  { name: `${locale} 1280`, locale, viewport: WIDE },
  { name: `${locale} 390`, locale, viewport: PHONE, hasTouch: true },
]);

const TEXTS = new Map(["en", "zh-TW"].map((locale) => {
  const file = new URL(`../../frontend/locales/${locale}.json`, import.meta.url);
  return [locale, JSON.parse(readFileSync(file, "utf8"))];
}));

/** A text of the portal by its key: `say("en", "vms.about", { action: "Edit", vm: "web-01" })`. */
export function say(locale, key, given = {}) {
  const text = key.split(".").reduce((texts, part) => texts?.[part], TEXTS.get(locale));
  if (typeof text !== "string") throw new Error(`${locale} has no text ${key}`);
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => {
    if (!(name in given)) throw new Error(`${key} wants ${name}`);
    return String(given[name]);
  });
}

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const startBrowser = () => chromium.launch({ executablePath: need("CHROMIUM"), args: FLAGS });

export const vmId = (name) =>
  `/subscriptions/${PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/${name}`;
export const connectUrl = (name) => `${URL_}/connect/${PRODUCTION}/prod-rg/${name}`;

/** A page of somebody who has signed in; `faults` collects what a page must never do. `prepare` is given the empty page. */
export async function signIn(browser, person, options = {}, prepare = () => {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const page = await context.newPage();
  await prepare(page);
  const faults = watch(page);
  await page.goto(URL_);
  const locale = options.locale?.startsWith("zh") ? "zh-TW" : "en";
  await page.getByRole("link", { name: say(locale, "sign_in.title") }).click();
  await page.getByRole("button", { name: person }).click();
  await page.getByRole("heading", { name: say(locale, "vms.title") }).waitFor();
  return { page, context, faults };
}

/** Console errors (violations of the content security policy are among them) and uncaught exceptions. */
export function watch(page) {
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return faults;
}

/** Whether a packet would reach the VM now: `open` or `shut`. */
export async function probe(vm, port, source = CLIENT) {
  const answer = await postJson(`${SIM}/sim/probe`, { vm: vmId(vm), port, protocol: "tcp", source });
  return answer.verdict;
}

export async function rulesOf(nsg) {
  const state = await (await fetch(`${SIM}/sim/history?since=0`)).json();
  return state.filter((write) => write.path.toLowerCase().includes(`/${nsg}/securityrules/`.toLowerCase()));
}

/** The value of `ask` as soon as it is `wanted`. */
export async function until(what, wanted, ask, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (value === wanted) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${value} after ${seconds} s, not ${wanted}`);
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

async function postJson(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

/** Calls Postern's API as a service principal of the demo: ADMIN, REQUESTER, READER or NOBODY. */
export async function apiClient(who) {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: need(`POSTERN_${who}_CLIENT_ID`),
    client_secret: need(`POSTERN_${who}_CLIENT_SECRET`),
    scope: `${need("POSTERN_AUDIENCE")}/.default`,
  });
  const answer = await fetch(`${SIM}/${need("POSTERN_TENANT")}/oauth2/v2.0/token`, { method: "POST", body: form });
  const { access_token: token } = await answer.json();
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(URL_ + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  };
}

/** Whether a packet to a public address of a firewall would reach a VM now. */
export async function probeAt(destination, port, source = CLIENT) {
  const answer = await postJson(`${SIM}/sim/probe`, { destination, port, protocol: "tcp", source });
  return answer.verdict;
}

/** Somebody else removes a rule from an NSG of `prod-rg`; gives its name. */
export async function removeRule(nsg, part) {
  const id = `/subscriptions/${PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Network/networkSecurityGroups/${nsg}`;
  const state = await (await fetch(`${SIM}/sim/state`)).json();
  const { name } = state[id.toLowerCase()].properties.securityRules.find((rule) => rule.name.includes(part));
  const body = JSON.stringify({ id: `${id}/securityRules/${name}` });
  await fetch(`${SIM}/sim/resources`, { method: "DELETE", headers: { "content-type": "application/json" }, body });
  return name;
}

/** Enables JIT on a VM with Azure's defaults for one port. */
export async function enable(vm, port, group = "prod-rg") {
  const admin = await apiClient("ADMIN");
  const rule = { port, protocol: "any", allowed_sources: "any", max_duration: "PT3H" };
  const body = { ports: [rule], justification: "optional", precedence: "customer_first", live_sessions: "never" };
  const answer = await admin("PUT", `/api/vms/${PRODUCTION}/${group}/${vm}/policy`, body);
  if (answer.status !== 200) throw new Error(`not enabled: ${JSON.stringify(answer.body)}`);
}
