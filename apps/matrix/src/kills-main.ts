/**
 * `pnpm --filter @sluice/matrix kills [--transport NAME]... [--items N] [--kills N] [--seed N]`: runs whose workers are killed at random, on
 * each transport that outlives that. Exit 0, or 3 where an item was lost or came twice, 2 for wrong use.
 */

import { parseArgs } from "node:util";
import { newSeed } from "@sluice/history-checker/random";
import { runKills } from "./kills.js";
import { preparedTransports } from "./matrix-transports.js";

const able = (await preparedTransports()).filter(({ hasProcesses }) => hasProcesses);

const { values } = asked();
const [items, kills, seed] = [Number(values.items), Number(values.kills), Number(values.seed)];
const chosen = able.filter(({ name }) => values.transport.includes(name));
const areCounts = [items / 2, kills, seed].every((count) => Number.isInteger(count) && count >= 0);
if (!areCounts || items === 0 || chosen.length !== new Set(values.transport).size) {
  const names = able.map(({ name }) => name).join(", ");
  console.error(`Expected --transport ${names}, an even number of --items, --kills and --seed from 0 up`);
  process.exit(2);
}
console.log(`seed ${seed}: ${items} items, ${kills} kills`);
for (const transport of chosen) {
  const { killed, again, durationMs, faults, story } = await runKills(transport, { items, kills, seed });
  const { producer, consumer } = killed;
  console.log(
    `${transport.title}: ${producer} producers and ${consumer} consumers killed in ${(durationMs / 1000).toFixed(1)} s, ` +
      `${again} items done and not acked, ${faults.length === 0 ? "nothing lost or consumed twice" : "FAULTS"}`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) {
    console.log(`  ${story}`);
    process.exitCode = 3;
  }
}

function asked() {
  try {
    return parseArgs({
      options: {
        transport: { type: "string", multiple: true, default: able.map(({ name }) => name) },
        items: { type: "string", default: "10000" },
        kills: { type: "string", default: "100" },
        seed: { type: "string", default: String(newSeed()) },
      },
    });
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}
