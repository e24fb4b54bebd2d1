// The functions are killed at ten random moments of an opening: nothing stays open past its end plus one sweep.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { DATA, URL_, apiClient, enable, probe, until, vmId } from "./support.mjs";

const KILLS = 10;
const SWEEP = 60;
const VMS = ["web-02", "stopped-01"];

test("ten kills leave nothing open past its end plus one sweep, and the activity tells what happened", async () => {
  for (const vm of VMS) await enable(vm, 22);
  const seed = Date.now() % 100_000;
  console.log(`# seed ${seed}`);
  const random = generator(seed);
  const requester = await apiClient("REQUESTER");
  let asked = 0;
  for (let n = 0; n < KILLS; n += 1) {
    const opening = { vm: vmId(VMS[n % VMS.length]), port: 22, duration: "PT1M" };
    const call = requester("POST", "/api/grants", { openings: [opening] }).catch(() => ({ status: 0 }));
    await new Promise((wake) => setTimeout(wake, random() * 1500));
    await kill();
    asked += (await call).status === 0 ? 0 : 1;
  }
  console.log(`# ${asked} of ${KILLS} openings were answered before the kill`);
  for (const vm of VMS) await until(`${vm} after its end`, "shut", () => probe(vm, 22), 60 + SWEEP + 10);
  const grants = await until("leases that are not closed", 0, async () => {
    const answer = await requester("GET", "/api/grants");
    return answer.body.grants.flatMap((grant) => grant.leases).filter((lease) => lease.state !== "closed").length;
  }, 60 + SWEEP + 10);
  assert.equal(grants, 0);
  const admin = await apiClient("ADMIN");
  for (const vm of VMS) {
    const query = new URLSearchParams({ vm: vmId(vm), limit: "200" });
    const { body } = await admin("GET", `/api/activity?${query}`);
    const events = body.steps.map((step) => step.entry.event);
    const granted = events.filter((event) => event === "granted").length;
    const closed = events.filter((event) => event === "closed").length;
    assert.ok(granted > 0, `${vm} was asked for`);
    assert.equal(closed, granted, `each grant of ${vm} was read back as closed`);
  }
});

/** Kills the functions and waits until they are back. */
async function kill() {
  const id = Number.parseInt(await readFile(`${DATA}/postern.pid`, "utf8"), 10);
  process.kill(id, "SIGKILL");
  await until("a new process", true, async () => {
    const now = await readFile(`${DATA}/postern.pid`, "utf8").catch(() => "");
    return now !== "" && Number.parseInt(now, 10) !== id;
  });
  await until("the functions", 200, async () => {
    const answer = await fetch(`${URL_}/readyz`).catch(() => ({ status: 0 }));
    return answer.status;
  });
}

/** Mulberry32: the moments can be had again from the seed. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
