// A process with its broker in a thread, and no file descriptor left. Prints "made"; at the first line that comes it opens files until
// the system refuses, and prints its code; at the second it closes them, makes a buffer at the same place, and prints "over".
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { createInterface } from "node:readline";
import { createBuffer } from "@sluice/core";
import { zeromqTransport } from "../../dist/index.js";

const made = () => createBuffer(zeromqTransport({ url: process.argv[2] }), { capacity: 5 });
const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
await made();
console.log("made");

await lines.next();
const files = [];
try {
  for (;;) files.push(openSync(devNull));
} catch (error) {
  console.log(error.code);
}

await lines.next();
for (const file of files) closeSync(file);
await (await made()).destroy();
console.log("over");
process.exit();
