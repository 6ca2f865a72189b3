// The contract, on three servers that keep each buffer together: `restart` kills all of them at once. What must happen has three
// times as long: they choose a leader first.
import { describeTransportContract, timingFromEnvironment } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import { harnessOn } from "../harness.mjs";
import { NatsCluster } from "../support/cluster.js";
import { whyNotThree } from "../support/nats-server.mjs";

let starting: Promise<NatsCluster> | undefined;

async function started(): Promise<NatsCluster> {
  const cluster = await NatsCluster.made();
  await cluster.begin();
  return cluster;
}

const harness = harnessOn(
  async () => {
    starting ??= started();
    const cluster = await starting;
    return {
      urls: cluster.urls,
      async restart() {
        await cluster.kill();
        await cluster.begin();
      },
    };
  },
  { replicas: 3 },
);

if (whyNotThree !== undefined) console.log(`Three servers are not tested here: ${whyNotThree}`);
const usual = timingFromEnvironment();
describeTransportContract(
  "nats with three replicas",
  harness,
  { describe: describe.skipIf(whyNotThree !== undefined), test },
  { timing: { ...usual, signalMs: 3 * usual.signalMs } },
);
afterAll(async () => (await starting)?.stop());
