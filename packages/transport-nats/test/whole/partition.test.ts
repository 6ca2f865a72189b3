// Three servers keep the buffer, and one of them is cut off from the others and from the clients.

import { setTimeout as sleep } from "node:timers/promises";
import { Network, type Way, whyNoNetwork } from "@sluice/test-support";
import { describe, onTestFinished, test } from "vitest";
import { NatsCluster } from "../support/cluster.js";
import { type NatsServer, whyNotThree } from "../support/nats-server.mjs";
import { throughFault } from "../support/through-fault.js";

const CUT_MS = 6_000;

const why = whyNotThree ?? whyNoNetwork();
if (why !== undefined) console.log(`No partition is tested here: ${why}`);

const ways: readonly { readonly what: string; readonly way: Way }[] = [
  { what: "cut off both ways", way: "both ways" },
  { what: "not heard", way: "back" },
  { what: "told nothing", way: "there" },
];

describe.skipIf(why !== undefined)("for 6 s", () => {
  describe.each(["leads", "follows"] as const)("the server that %s", (role) => {
    test.each(ways)("is $what", { timeout: 180_000 }, async ({ way }) => {
      const network = new Network(onTestFinished, { isNearHere: true });
      const cluster = await NatsCluster.start(network);
      const [near, , far] = cluster.servers as [NatsServer, NatsServer, NatsServer];
      const cut = async () => {
        network.cut(way);
        await sleep(CUT_MS);
        network.heal();
      };
      await throughFault(cluster, cut, () => cluster.handOverTo(role === "leads" ? far : near));
    });
  });
});
