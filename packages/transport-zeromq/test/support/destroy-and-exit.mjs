// Creates a buffer whose broker is a thread, destroys it, and exits at once. Prints how each wait for the thread's end came out.
import { createBuffer } from "@sluice/core";
import { zeromqTransport } from "../../dist/index.js";

const { wait } = Atomics;
const outcomes = [];
Atomics.wait = (...args) => {
  const outcome = wait(...args);
  outcomes.push(outcome);
  return outcome;
};

const buffer = await createBuffer(zeromqTransport({ url: process.argv[2] }), { capacity: 5 });
await buffer.destroy();
process.on("exit", () => console.log(JSON.stringify(outcomes)));
process.exit();
