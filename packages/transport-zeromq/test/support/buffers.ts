/** Buffers whose broker is at hand: where it listens, and which process it is. Gone after the test. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BoundedBuffer,
  type CreateOptions,
  createBuffer,
  isBufferError,
  openBuffer,
} from "@sluice/core";
import { onTestFinished } from "vitest";
import { type BrokerLimits, zeromqTransport } from "../../dist/index.js";

export interface MadeBuffer {
  readonly buffer: BoundedBuffer<unknown>;
  readonly url: string;
  /** Over tcp. */
  readonly port: number;
  /** Of the process in which the broker runs. */
  readonly brokerPid: number;
}

export interface BufferOptions extends CreateOptions {
  readonly over?: "ipc" | "tcp";
  readonly broker?: "thread" | "process";
  readonly limits?: BrokerLimits;
}

export async function madeBuffer(options: BufferOptions): Promise<MadeBuffer> {
  const { over = "tcp", broker = "thread", limits, ...create } = options;
  const url = over === "tcp" ? "tcp://127.0.0.1:*" : freshSocket();
  const before = brokersHere();
  const buffer = await createBuffer(zeromqTransport({ url, broker, ...(limits && { limits }) }), create);
  const [brokerPid = process.pid] = brokersHere().filter((pid) => !before.includes(pid));
  onTestFinished(async () => {
    signalIfThere(brokerPid, "SIGCONT");
    await buffer.destroy().catch(() => {});
    if (brokerPid !== process.pid) signalIfThere(brokerPid, "SIGKILL");
  });
  const place = buffer.address.place as { readonly url: string };
  return { buffer, url: place.url, port: Number(place.url.split(":").at(-1)), brokerPid };
}

/** The url of a socket in a directory of its own, which is gone after the test. */
export function freshSocket(): string {
  const directory = mkdtempSync(join(tmpdir(), "sluice-zmq-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `ipc://${join(directory, "buffer")}`;
}

/** Whether there is room for one more client now. */
export async function hasRoom(url: string): Promise<boolean> {
  try {
    await (await openBuffer(zeromqTransport({ url }))).close();
    return true;
  } catch (error) {
    if (isBufferError(error, "TOO_MANY_WAITERS")) return false;
    throw error;
  }
}

/** The brokers that this process has started as processes. */
export function brokersHere(): number[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === process.pid && args.join(" ").includes("broker-main"))
    .map(([pid]) => Number(pid));
}

/** Of a process, in bytes. */
export function memoryOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
