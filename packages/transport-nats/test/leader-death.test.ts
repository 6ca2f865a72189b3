// Three servers keep the buffer, and the one that leads it is killed, or cut off, in the middle. Once by default;
// `SLUICE_NATS_KILLS=20` kills it so often.

import { setTimeout as sleep } from "node:timers/promises";
import { Network, whyNoNetwork } from "@sluice/test-support";
import { onTestFinished, test } from "vitest";
import { NatsCluster } from "./support/cluster.js";
import { type NatsServer, programVersion } from "./support/nats-server.mjs";
import { noServer } from "./support/servers.js";
import { throughFault } from "./support/through-fault.js";

const DOWN_MS = 3_000;
const CUT_MS = 6_000;
const runs = Array.from({ length: Number(process.env["SLUICE_NATS_KILLS"] ?? 1) }, (_, at) => at + 1);

const isOld = !noServer && Number(programVersion().split(".")[1]) < 12;
if (isOld)
  console.log("No three servers are tested here: they are too old (SLUICE_NATS_SERVER names others)");
const why = whyNoNetwork();
if (why !== undefined) console.log(`No partition is tested here: ${why}`);

test.skipIf(noServer || isOld).each(runs)(
  "run %d: the leader is killed, and comes back after 3 s",
  { timeout: 120_000 },
  async () => {
    const cluster = await NatsCluster.start();
    await throughFault(cluster, async () => {
      const leader = await cluster.leader();
      await leader.kill();
      await sleep(DOWN_MS);
      await leader.start();
    });
  },
);

test.skipIf(noServer || isOld || why !== undefined)(
  "the leader is cut off from the others, and from the clients, for 6 s",
  { timeout: 120_000 },
  async () => {
    const network = new Network(onTestFinished, { isNearHere: true });
    const cluster = await NatsCluster.start(network);
    const [, , far] = cluster.servers as [NatsServer, NatsServer, NatsServer];
    const cut = async () => {
      network.cut();
      await sleep(CUT_MS);
      network.heal();
    };
    await throughFault(cluster, cut, () => cluster.handOverTo(far));
  },
);
