// Three servers keep the buffer, and one of them is cut off from the others: from all clients too, or with one that knows no other.

import { setTimeout as sleep } from "node:timers/promises";
import { Network, outcomesOf, until, type Way, whyNoNetwork } from "@sluice/test-support";
import { describe, expect, onTestFinished, test } from "vitest";
import { NatsCluster } from "../support/cluster.js";
import { FarClient } from "../support/far-client.js";
import { type NatsServer, whyNotThree } from "../support/nats-server.mjs";
import { made } from "../support/servers.js";
import { throughFault } from "../support/through-fault.js";

const CUT_MS = 6_000;
const SECONDS_MS = 90_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

const why = whyNotThree ?? whyNoNetwork();
if (why !== undefined) console.log(`No partition is tested here: ${why}`);

const ROLES = ["leads", "follows"] as const;
const ways: readonly { readonly what: string; readonly way: Way }[] = [
  { what: "cut off both ways", way: "both ways" },
  { what: "not heard", way: "back" },
  { what: "told nothing", way: "there" },
];

async function clusterOverTwoHosts() {
  const network = new Network(onTestFinished, { isNearHere: true });
  const cluster = await NatsCluster.start(network);
  const [near, second, far] = cluster.servers as [NatsServer, NatsServer, NatsServer];
  return { network, cluster, near, second, far };
}

describe.skipIf(why !== undefined)("for 6 s", () => {
  describe.each(ROLES)("the server that %s", (role) => {
    test.each(ways)("is $what", { timeout: 180_000 }, async ({ way }) => {
      const { network, cluster, near, far } = await clusterOverTwoHosts();
      const cut = async () => {
        network.cut(way);
        await sleep(CUT_MS);
        network.heal();
      };
      await throughFault(cluster, cut, () => cluster.handOverTo(role === "leads" ? far : near));
    });
  });
});

describe.skipIf(why !== undefined).each(ROLES)("with the server that %s", (role) => {
  test("a client is cut off that knows no other: it is told so within seconds, and goes on by itself", {
    timeout: 240_000,
  }, async () => {
    const { network, cluster, near, second, far } = await clusterOverTwoHosts();
    const settings = { capacity: 10, failuresMax: 1_000 };
    const { buffer } = await made([near.url, second.url], settings, { name: "cut off", replicas: 3 });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    await cluster.handOverTo(role === "leads" ? far : near);
    const there = await FarClient.start(network.far, far.url, "cut off");
    await there.call("patient", "put", "in hand");
    expect(await there.call("other", "hold")).toBe("in hand");

    network.cut();
    const patient = there.call("patient", "put", "through it all");
    const calls = {
      put: there.call("hasty", "put", "perhaps", { timeoutMs: 4_000 }),
      take: there.call("consumer", "take"),
      drained: there.call("buffer", "drained"),
      ack: there.call("other", "ack"),
      counts: there.call("buffer", "counts"),
      register: there.call("other", "register"),
    };
    // A leader that is cut off lets itself be asked what it has for a while: to open the buffer commits nothing.
    const open = there.call("other", "open").catch((error: { code?: string }) => error.code);
    const outcomes = await outcomesOf(calls, SECONDS_MS);
    for (const [name, outcome] of Object.entries(outcomes)) expect(TYPED, name).toContain(outcome);
    expect([undefined, ...TYPED]).toContain(await open);
    // Those who have the two others go on meanwhile.
    await until(() => succeeds(producer.put("beside")), "who has two servers can put", SECONDS_MS);
    const leased = await consumer.lease();
    expect(leased).toMatchObject({ done: false, value: { value: "beside" } });
    if (!leased.done) await leased.value.ack();

    network.heal();
    await patient;
    // What was in hand before is still, and nobody opens or registers anything anew.
    await until(
      () => succeeds(there.call("other", "ack"), "LEASE_LOST"),
      "the lease is acked, now or by the first try",
    );
    await until(() => succeeds(there.call("hasty", "put", "after")), "the producer goes on");
    await buffer.seal();
    const got: string[] = [];
    for (let one = await consumer.take(); !one.done; one = await consumer.take()) got.push(one.value);
    // Of the one that failed nobody knows; its producer asked, and then went on.
    expect(got.filter((one) => one !== "perhaps").sort()).toEqual(["after", "through it all"]);
    expect(got.length).toBeLessThanOrEqual(3);
    const all = got.length + 2;
    expect(await there.call("buffer", "counts")).toMatchObject({
      produced: all,
      consumed: all,
      sealed: true,
    });
    expect(await there.call("consumer", "take")).toEqual({ done: true });
    await buffer.destroy();
  });
});

/** @param last - a code that will not be another one. */
async function succeeds(call: Promise<unknown>, last?: string): Promise<boolean> {
  const code = await call.then(
    () => undefined,
    (error: { code?: string }) => error.code ?? error,
  );
  if (code === undefined || code === last) return true;
  expect(TYPED).toContain(code);
  return false;
}
