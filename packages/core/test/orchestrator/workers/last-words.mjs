// Has its item in hand until it is stopped, and prints that before it gives it back.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

export default async function lastWords(_item, { signal }) {
  await once(signal, "abort");
  process.stdout.write("I was told to stop\n");
  await delay(50);
  throw signal.reason;
}
