/** The parent that relays between several producers and consumers, its children: each item to the next consumer in turn. */

import type { ChildProcess, SerializationType } from "node:child_process";
import type { Role } from "../worker-messages.js";
import { startWorkerAt } from "./child-ipc.js";

const FIRST_DESCRIPTOR = 3;

const [serialization, ...roles] = process.argv.slice(2) as [SerializationType, ...Role[]];
const children = roles.map((_, index) => startWorkerAt(FIRST_DESCRIPTOR + index, serialization));
const consumers = children.filter((_, index) => roles[index] === "consumer");
let sent = 0;

for (const [index, child] of children.entries()) {
  if (roles[index] !== "consumer") {
    child.on("message", (message: string | object) => {
      const consumer = consumers[sent % consumers.length] as ChildProcess;
      sent += 1;
      consumer.send(message, () => {});
    });
  }
  child.once("exit", (code) => {
    if (code !== 0) process.exit(1);
  });
}
