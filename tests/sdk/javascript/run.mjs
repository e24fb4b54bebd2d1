// Azure's own JavaScript client against Postern: `node run.mjs [part of a case's name]`, where it is from the environment.
//
// One line for each case, `ok NAME` or `FAILED NAME: why`; the exit code is 0 if no case failed.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { SecurityCenter } from "@azure/arm-security";
import { ClientSecretCredential } from "@azure/identity";

const { env } = process;
const GROUP = "prod-rg";
const LOCATION = "westeurope";
// The front door says that every caller comes from there.
const OWN_ADDRESS = "203.0.113.7";

const control = async (method, path, body) => {
  const answer = await fetch(`${env.POSTERN_SIM_URL}/sim${path}`, { method, body: body && JSON.stringify(body) });
  return answer.json();
};

const probe = async (port, source = OWN_ADDRESS) =>
  (await control("POST", "/probe", { vm: "web-02", port, source })).verdict;

const subscription = (await control("GET", "/demo")).subscriptions[0].id;
const vm = `/subscriptions/${subscription}/resourceGroups/${GROUP}/providers/Microsoft.Compute/virtualMachines/web-02`;

const policiesOf = (principal, audience = env.POSTERN_AUDIENCE) => {
  const secret = ["ID", "SECRET"].map((part) => env[`POSTERN_${principal}_CLIENT_${part}`]);
  const credential = new ClientSecretCredential(env.POSTERN_TENANT, ...secret, {
    authorityHost: env.POSTERN_SIM_URL,
    disableInstanceDiscovery: true,
  });
  const options = { endpoint: env.POSTERN_URL, credentialScopes: [`${audience}/.default`] };
  return new SecurityCenter(credential, subscription, options).jitNetworkAccessPolicies;
};

const aPolicy = (...numbers) => ({
  kind: "Basic",
  virtualMachines: [
    {
      id: vm,
      ports: numbers.map((number) => ({
        number,
        protocol: "TCP",
        allowedSourceAddressPrefix: "*",
        maxRequestAccessDuration: "PT3H",
      })),
    },
  ],
});

const aRequest = (seconds, port = {}) => ({
  virtualMachines: [{ id: vm, ports: [{ number: 22, endTimeUtc: new Date(Date.now() + seconds * 1000), ...port }] }],
  justification: "a test",
});

const names = async (list) => {
  const found = [];
  for await (const policy of list) found.push(policy.name);
  return found;
};

const wait = async (what, look) => {
  for (const until = Date.now() + 20_000; !(await look()); await pause(200)) {
    assert.ok(Date.now() < until, `not within 20 s: ${what}`);
  }
};

const refused = async (status, code, call) => {
  await assert.rejects(call, (error) => {
    assert.deepEqual([error.statusCode, error.code], [status, code], error.message);
    return true;
  });
};

const CASES = {
  async the_javascript_sdk_sees_a_policy_through_its_life() {
    const policies = policiesOf("ADMIN");
    const made = await policies.createOrUpdate(GROUP, LOCATION, "javascript", aPolicy(22, 3389));
    assert.deepEqual([made.name, made.kind, made.provisioningState], ["javascript", "Basic", "Succeeded"]);
    const lists = [
      policies.list(),
      policies.listByRegion(LOCATION),
      policies.listByResourceGroup(GROUP),
      policies.listByResourceGroupAndRegion(GROUP, LOCATION),
    ];
    for (const list of lists) assert.ok((await names(list)).includes("javascript"));
    await policies.createOrUpdate(GROUP, LOCATION, "javascript", aPolicy(22));
    const read = await policies.get(GROUP, LOCATION, "javascript");
    assert.deepEqual(read.virtualMachines[0].ports, aPolicy(22).virtualMachines[0].ports);
    await policies.delete(GROUP, LOCATION, "javascript");
    await policies.delete(GROUP, LOCATION, "javascript");
    await refused(404, "PolicyNotFound", () => policies.get(GROUP, LOCATION, "javascript"));
  },

  async the_javascript_sdk_sees_a_request_end_with_its_policy() {
    const [admin, requester] = [policiesOf("ADMIN"), policiesOf("REQUESTER")];
    await admin.createOrUpdate(GROUP, LOCATION, "javascript", aPolicy(22));
    const asked = await requester.initiate(GROUP, LOCATION, "javascript", aRequest(120));
    assert.equal(asked.virtualMachines[0].ports[0].allowedSourceAddressPrefix, OWN_ADDRESS);
    const state = async () => {
      const { requests } = await admin.get(GROUP, LOCATION, "javascript");
      const { status, statusReason } = requests.at(-1).virtualMachines[0].ports[0];
      return `${status} ${statusReason}`;
    };
    await wait("initiated", async () => (await state()) === "Initiated UserRequested");
    assert.deepEqual([await probe(22), await probe(22, "198.51.100.1")], ["open", "shut"]);
    await admin.createOrUpdate(GROUP, LOCATION, "javascript", aPolicy(3389));
    await wait("revoked", async () => (await state()).startsWith("Revoked "));
    assert.equal(await probe(22), "shut");
    await admin.delete(GROUP, LOCATION, "javascript");
  },

  async the_javascript_sdk_gets_refusals_with_azures_codes() {
    const policies = policiesOf("ADMIN");
    await policies.createOrUpdate(GROUP, LOCATION, "javascript", aPolicy(22));
    const initiate = (name, request) => policies.initiate(GROUP, LOCATION, name, request);
    await refused(404, "PolicyNotFound", () => initiate("no-such-policy", aRequest(600)));
    await refused(400, "InvalidInitiateInput", () => initiate("javascript", aRequest(600, { number: 23 })));
    await policies.delete(GROUP, LOCATION, "javascript");
    const misdirected = policiesOf("ADMIN", "https://management.azure.com");
    await assert.rejects(() => names(misdirected.list()), { statusCode: 401 });
  },
};

let failed = 0;
for (const [name, run] of Object.entries(CASES).filter(([name]) => name.includes(process.argv[2] ?? ""))) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${String(error.code ?? "")} ${error.message.replaceAll(/\s+/g, " ").slice(0, 300)}`);
  }
}
process.exitCode = failed ? 1 : 0;
