// A consumer that never lets its event loop go on, once it has told what it has in hand.
import { setTimeout as delay } from "node:timers/promises";

export default async function block() {
  await delay(100);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
