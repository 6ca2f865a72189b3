// Workers killed at random, on each transport that outlives that. The full size: `pnpm --filter @sluice/matrix kills`.
import { seedFromEnvironment } from "@sluice/history-checker/random";
import { expect, test } from "vitest";
import { runKills } from "../dist/kills.js";
import { preparedTransports } from "../dist/matrix-transports.js";

const seed = seedFromEnvironment();

test.concurrent.each((await preparedTransports()).filter(({ hasProcesses }) => hasProcesses))(
  "10 kills in 300 items over $title: nothing is lost, and nothing consumed twice",
  async (transport) => {
    const { faults, story } = await runKills(transport, { items: 300, kills: 10, seed });
    expect(faults, `SLUICE_SEED=${seed}. ${story}`).toEqual([]);
  },
);
