/** Buffers in a directory of their own in shared memory, driven by their ports; and a look into their regions. */

import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BufferPort, type BufferSpec, completeSpec, type MaybePromise, type Wait } from "@sluice/core";
import { loadNativePort } from "@sluice/native-port";
import { shmTransport } from "../../dist/index.js";

export const noWait: Wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };

export function waiting(maxMs: number): Wait {
  return { ...noWait, maxMs };
}

export function spec(settings: Partial<BufferSpec> = {}): BufferSpec {
  return completeSpec({ capacity: 5, ...settings }, "bytes");
}

/** A directory that is gone after the test. */
export class Folder {
  readonly path: string = mkdtempSync("/dev/shm/sluice-shm-");

  /** @param lockWaitMs - short only where somebody is stopped with a lock: a machine may keep a holder from running for long. */
  transport(lockWaitMs = 10_000) {
    return shmTransport({ name: "buffer", directory: this.path, lockWaitMs });
  }

  get place(): string {
    return join(this.path, "buffer");
  }

  /** The directory that carries the buffer's id. */
  get root(): string {
    const [name] = readdirSync(this.place);
    if (name === undefined) throw new Error(`Expected a buffer in ${this.place}`);
    return join(this.place, name);
  }

  get bells(): string[] {
    return readdirSync(this.root).filter((name) => name.startsWith("bell."));
  }

  async create(settings: Partial<BufferSpec> = {}, lockWaitMs?: number): Promise<BufferPort> {
    const transport = this.transport(lockWaitMs);
    await transport.create(spec(settings), {});
    return transport.open();
  }

  /** The words of the region: a test may look at them, or do to them what nobody should. */
  async words(regionBytes: number): Promise<Int32Array> {
    const native = await loadNativePort();
    const fd = openSync(join(this.root, "region"), "r+");
    try {
      return new Int32Array(native.map(fd, regionBytes));
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a port answers at once. A promise here means that a call had to wait for something, which the test did not expect. */
export function now<T>(answer: MaybePromise<T>): T {
  if (answer instanceof Promise) {
    answer.catch(() => {});
    throw new Error("Expected an answer at once, got a promise");
  }
  return answer;
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Expected that ${what}, this was not so after 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
