/** Starts a broker beside the caller: in a thread of this process, or in a process of its own. */

import { type ChildProcess, fork } from "node:child_process";
import { Worker } from "node:worker_threads";
import type { BrokerNews } from "./broker-main.js";
import { fault, faultOf } from "./faults.js";
import type { BrokerSettings } from "./start-broker.js";

/** It is done within a few, but where the machine lets it wait: ending without it ends the whole process by SIGABRT. */
const TAKE_DOWN_MS = 10_000;
// What a terminal sends to everybody in it.
const TERMINAL_SIGNALS: readonly unknown[] = ["SIGINT", "SIGHUP"];
const MAIN = new URL("./broker-main.js", import.meta.url);

/** Of each thread that is there. One listener calls them all: Node takes more than ten for a leak, and says so. */
const takeDowns: Set<() => void> = new Set();
const takeAllDown = () => {
  for (const takeDown of takeDowns) takeDown();
};

export interface HostedBroker {
  readonly url: string;
  readonly bufferId: string;
  /** Ends it, and leaves its place. */
  end(): Promise<void>;
}

/** Resolves to where it listens, and what it holds. It ends with this process, or when the buffer is destroyed. */
export function hostBroker(where: "thread" | "process", settings: BrokerSettings): Promise<HostedBroker> {
  return new Promise((resolve, reject) => {
    const hear = (news: BrokerNews) => {
      if (news.kind === "log")
        process.emitWarning(`The broker at ${settings.url} ${news.line}`, "SluiceWarning");
      else if (news.kind === "ready") resolve({ url: news.url, bufferId: news.bufferId, end: () => end() });
      else reject(faultOf({ ...news, effect: "none" }, "TRANSPORT_UNAVAILABLE"));
    };
    const ended = (how: string) =>
      reject(fault("TRANSPORT_UNAVAILABLE", `The broker ended while it started: ${how}`));
    const end = (where === "thread" ? inThread : inProcess)(settings, hear, ended);
  });
}

function inThread(
  settings: BrokerSettings,
  hear: (news: BrokerNews) => void,
  ended: (how: string) => void,
): () => Promise<void> {
  const isDown = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(MAIN, { workerData: { settings, isDown }, execArgv: [], stdin: false });
  // A thread that is torn down with an open socket of ZeroMQ takes the whole process with it, by SIGABRT.
  const takeDown = () => {
    worker.postMessage("end");
    Atomics.wait(isDown, 0, 0, TAKE_DOWN_MS);
  };
  if (takeDowns.size === 0) process.on("exit", takeAllDown);
  takeDowns.add(takeDown);
  worker.once("exit", () => {
    takeDowns.delete(takeDown);
    if (takeDowns.size === 0) process.off("exit", takeAllDown);
  });
  worker.on("message", (news: BrokerNews) => {
    hear(news);
    // A broker does not keep the process that started it.
    if (news.kind !== "log") worker.unref();
  });
  worker.once("error", (error) => ended(error.message));
  const gone = new Promise((resolve) => worker.once("exit", resolve));
  worker.once("exit", (code) => ended(`exit code ${code}`));
  return async () => {
    worker.ref();
    worker.postMessage("end");
    await gone;
  };
}

function inProcess(
  settings: BrokerSettings,
  hear: (news: BrokerNews) => void,
  ended: (how: string) => void,
): () => Promise<void> {
  let child: ChildProcess;
  const start = (isFirst: boolean) => {
    let isHeard = false;
    child = fork(MAIN, [], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // A session of its own: Ctrl-C in the terminal is for whoever starts it, also while it still loads. It ends with that one
      // because it loses the connection. On Windows it would mean a window.
      detached: process.platform !== "win32",
    });
    child.on("message", (news: BrokerNews) => {
      isHeard = true;
      hear(news);
      if (news.kind === "log") return;
      child.unref();
      child.channel?.unref();
    });
    child.once("error", (error) => ended(error.message));
    child.once("exit", (code, signal) => {
      // Between its fork and its own session it is in the terminal too. Once: what ends so each time is no chance.
      if (isFirst && !isHeard && TERMINAL_SIGNALS.includes(signal)) startAgain();
      else ended(signal ?? `exit code ${code}`);
    });
    child.send(settings, () => {}); // one that is gone is noticed by its exit
  };
  const startAgain = () => {
    try {
      start(false);
    } catch (error) {
      ended((error as Error).message);
    }
  };
  start(true);
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    child.kill("SIGTERM");
    await gone;
  };
}
