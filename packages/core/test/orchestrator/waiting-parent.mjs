// A run in a process of its own whose workers, in that process, wait until they are stopped. Ends with the run's exit code.
import { run } from "@sluice/core";
import { memoryTransport } from "../../../transport-memory/dist/index.js";

const running = run({
  transport: memoryTransport(),
  create: { capacity: 1 },
  producers: { module: new URL("./workers/waiting.mjs", import.meta.url) },
  consumers: { module: new URL("./workers/collect.mjs", import.meta.url) },
});
running.on("waiting", () => process.stdout.write("waiting\n"));
process.on("SIGTERM", () => running.stop("SIGTERM"));
const { exitCode } = await running.report;
process.exitCode = exitCode;
