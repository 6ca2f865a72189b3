// Three servers keep the buffer, and the one that leads it is killed in the middle. Once by default;
// `SLUICE_NATS_KILLS=20` kills it so often.

import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { NatsCluster } from "../support/cluster.js";
import { whyNotThree } from "../support/nats-server.mjs";
import { throughFault } from "../support/through-fault.js";

const DOWN_MS = 3_000;
const runs = Array.from({ length: Number(process.env["SLUICE_NATS_KILLS"] ?? 1) }, (_, at) => at + 1);

if (whyNotThree !== undefined) console.log(`Three servers are not tested here: ${whyNotThree}`);

test.skipIf(whyNotThree !== undefined).each(runs)(
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
