// Clients on one host, their broker on another, and no network between them for a while: for a moment nobody notices, for longer
// everybody is told, and then all goes on with nothing lost or twice.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, Network, until, type Way, whyNoNetwork } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { curveKeyPair } from "zeromq";
import { Actor } from "./support/actor.js";

/** Far more than are consumed until the last cut, however late this process sees what was. */
const ITEMS = 4_000;
/** A full buffer, and what two consumers have in hand. */
const IN_FLIGHT_MAX = 7;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

const why = whyNoNetwork();
if (why !== undefined) console.log(`No partition is tested here: ${why}`);

/** Key files, without which a broker refuses to listen on a network. */
function keyFiles(): { readonly broker: string; readonly client: string } {
  const directory = mkdtempSync(join(tmpdir(), "sluice-zmq-keys-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, keys: object) => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(keys), { mode: 0o600 });
    return path;
  };
  const [broker, client] = [curveKeyPair(), curveKeyPair()];
  return {
    broker: file("broker.json", { ...broker, clients: [client.publicKey] }),
    client: file("client.json", { ...client, serverKey: broker.publicKey }),
  };
}

type Cut = readonly [ms: number, way: Way];

/** Nine; with the one for long there are ten in all. */
const SHORT: readonly Cut[] = [
  // More than a heartbeat; what TCP sends again after 1.4 s arrives, long before the 3 s after which a client fails its calls.
  [1_200, "both ways"],
  ...[1, 2, 3, 4].map((): Cut => [400, "both ways"]),
  ...(["there", "back", "there", "back"] as const).map((way): Cut => [400, way]),
];

test.skipIf(why !== undefined).each([
  ["nine times for a moment", "notices nothing", SHORT],
  ["for 5 s", "is told", [[5_000, "both ways"]]],
] as const)("no network %s: everybody %s, and goes on", { timeout: 240_000 }, async (_when, then, cuts) => {
  const network = new Network(onTestFinished);
  const keys = keyFiles();
  const host = await Actor.start(network.far);
  const url = await host.call<string>(
    "create",
    { url: `tcp://${network.farAddress}:*`, keys: keys.broker },
    { capacity: 5, failuresMax: 1_000 },
  );
  const clients = await Promise.all(Array.from({ length: 3 }, () => Actor.start(network.near)));
  const [producer, plain, leasing] = clients as [Actor, Actor, Actor];
  for (const client of clients) await client.call("open", url, { keys: keys.client });
  const took = plain.call<Account>("consume", "take");
  const leased = leasing.call<Account>("consume", "lease");
  const put = producer.call<string[]>("insist", "a", ITEMS);
  const consumed = async () => (await host.call<{ consumed: number }>("counts")).consumed;
  for (const [cutMs, way] of cuts) {
    const first = await consumed();
    await until(async () => (await consumed()) > first + 20, "all are at work");
    network.cut(way);
    const atCut = await consumed();
    await sleep(cutMs);
    if (then === "is told")
      await until(async () => (await plain.call<number>("faultsSoFar")) > 0, "a consumer is told");
    const before = await consumed();
    // What was on its way.
    expect(before - atCut, `consumed without a network, ${way}`).toBeLessThanOrEqual(IN_FLIGHT_MAX);
    expect(before, "consumed before the network was back").toBeLessThan(ITEMS);
    network.heal();
    await until(async () => (await consumed()) > before, "all goes on");
  }
  const putFaults = await put;
  await host.call("seal");
  const accounts = await Promise.all([took, leased]);

  const faults = [putFaults, ...accounts.map((account) => account.faults)].flat();
  if (then === "notices nothing") expect(faults).toEqual([]);
  else expect(faults.length, "calls that were told").toBeGreaterThan(0);
  for (const fault of faults) expect(TYPED).toContain(fault);
  const values = accounts.flatMap((account) => account.values);
  const unsure = accounts.flatMap((account) => account.unsure);
  // A take whose confirmation nobody answered may have taken its item; so may it be with an ack.
  const unknown = accounts[0].faults.filter((code) => code === "OUTCOME_UNKNOWN").length + unsure.length;
  expect(new Set(values).size, "items that came twice").toBe(values.length);
  expect(ITEMS - values.length, "items that are missing").toBeLessThanOrEqual(unknown);
  expect(await host.call("counts")).toMatchObject({
    produced: ITEMS,
    consumed: ITEMS,
    ready: 0,
    leased: 0,
    dead: 0,
  });
  await host.call("destroy");
});
