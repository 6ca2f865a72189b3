// A run in a process of its own, by command line: the path of its buffer, where its workers are, the consumers' module.
// Prints the last line of the report, and ends by itself with the run's exit code.
import { lastLine, run } from "@sluice/core";
import { fileTransport } from "../../../transport-file/dist/index.js";

const [path, runIn, consumer] = process.argv.slice(-3);
const module = (name) => new URL(`./workers/${name}.mjs`, import.meta.url);

const running = run({
  transport: fileTransport({ path }),
  create: { capacity: 5, durability: "none" },
  producers: { module: module("count"), args: { prefix: "a", items: 9 }, runIn },
  consumers: { module: module(consumer), runIn },
});
running.on("output", ({ stream, text }) => process[stream].write(text));
const report = await running.report;
console.log(lastLine(report));
process.exitCode = report.exitCode;
