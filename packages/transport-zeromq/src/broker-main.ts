/** Runs a broker in a thread or process of its own, for whoever started it: by its settings, and until that one ends. */

import { parentPort, workerData } from "node:worker_threads";
import type { Broker } from "./broker.js";
import { type BrokerSettings, startBroker } from "./start-broker.js";

/** What it tells. */
export type BrokerNews =
  | { readonly kind: "ready"; readonly url: string; readonly bufferId: string }
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
    tell({ kind: "ready", url: broker.url, bufferId: broker.bufferId });
    return broker;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    tell({ kind: "failed", code, message });
    onEnded();
    return undefined;
  }
}

if (parentPort === null) {
  let starting: Promise<Broker | undefined> | undefined;
  const leave = async () => {
    await (await starting)?.end();
    // Node may wait for itself for ever in its own exit (its issue 54918).
    process.kill(process.pid, "SIGKILL");
  };
  process.once("message", (settings) => {
    starting = main(settings as BrokerSettings, () => process.connected && process.disconnect());
  });
  // Its starter has ended, or it has itself: nobody can be told where it is any more.
  process.once("disconnect", () => void leave());
  // It may have been over before this one was loaded.
  if (!process.connected) void leave();
  process.once("SIGTERM", () => void leave());
  // The terminal's Ctrl-C, and its end, are for whoever started it, who still drains.
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {});
} else {
  const port = parentPort;
  const { settings, isDown } = workerData as { settings: BrokerSettings; isDown: Int32Array };
  // Its sockets are closed. The thread ends when nothing is left for it to do.
  const starting = main(settings, () => {
    Atomics.store(isDown, 0, 1);
    Atomics.notify(isDown, 0);
    port.close();
  });
  port.once("message", async () => (await starting)?.end());
}
