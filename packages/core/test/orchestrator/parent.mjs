// A run in a process of its own, to be killed. Prints its events, one JSON object a line.
import { run } from "@sluice/core";
import { fileTransport } from "../../../transport-file/dist/index.js";

const running = run({
  transport: fileTransport({ path: process.argv[2] }),
  create: { capacity: 5, durability: "none" },
  producers: {
    module: new URL("./workers/count.mjs", import.meta.url),
    count: 2,
    args: { prefix: "a", items: 1e6 },
  },
  consumers: { module: new URL("./workers/collect.mjs", import.meta.url), count: 2, args: { everyMs: 10 } },
});
running.on("*", (event) => process.stdout.write(`${JSON.stringify(event)}\n`));
await running.report;
