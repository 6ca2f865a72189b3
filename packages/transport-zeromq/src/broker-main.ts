/** Runs a broker in a thread or process of its own, for whoever started it: by its settings, and until that one ends. */

import { parentPort, workerData } from "node:worker_threads";
import type { Broker } from "./broker.js";
import { type BrokerSettings, startBroker } from "./start-broker.js";

/** What it tells. */
export type BrokerNews =
  | { readonly kind: "ready"; readonly url: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "log"; readonly line: string };

const tell = (news: BrokerNews): void => {
  if (parentPort !== null) parentPort.postMessage(news);
  else process.send?.(news);
};

async function main(settings: BrokerSettings, onEnded: () => void): Promise<Broker | undefined> {
  try {
    const log = (line: string) => tell({ kind: "log", line });
    const broker = await startBroker(settings, log, onEnded);
    tell({ kind: "ready", url: broker.url });
    return broker;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    tell({ kind: "failed", code, message });
    onEnded();
    return undefined;
  }
}

if (parentPort === null) {
  process.once("message", (settings) => void main(settings as BrokerSettings, () => process.disconnect()));
  // Its starter has ended: nobody can be told where it is any more.
  process.once("disconnect", () => process.exit());
  // The terminal's Ctrl-C is for whoever started it, who still drains.
  process.on("SIGINT", () => {});
} else {
  const port = parentPort;
  const { settings, isDown } = workerData as { settings: BrokerSettings; isDown: Int32Array };
  // The thread ends when nothing is left for it to do.
  const starting = main(settings, () => port.close());
  port.once("message", async () => {
    (await starting)?.end();
    Atomics.store(isDown, 0, 1);
    Atomics.notify(isDown, 0);
  });
}
