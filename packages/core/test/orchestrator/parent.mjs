// A run in a process of its own, to be killed. Prints its events, one JSON object a line.
// Arguments: where to make the buffer, and the module of the consumers.
import { run } from "@sluice/core";
import { fileTransport } from "../../../transport-file/dist/index.js";

const [, , path, consumer] = process.argv;
const running = run({
  transport: fileTransport({ path }),
  create: { capacity: 5, durability: "none" },
  producers: {
    module: new URL("./workers/count.mjs", import.meta.url),
    count: 2,
    args: { prefix: "a", items: 1e6 },
  },
  consumers: {
    module: new URL(`./workers/${consumer}.mjs`, import.meta.url),
    count: 2,
    args: { everyMs: 10 },
  },
});
running.on("*", (event) => process.stdout.write(`${JSON.stringify(event)}\n`));
await running.report;
