// A consumer that takes its time over each item.
import { setTimeout as delay } from "node:timers/promises";

export default async function consume(_item, { signal }) {
  await delay(20, undefined, { signal });
}
