/** Below the port, where commits are appended to a file: a participant that does nothing by itself, and the file's bytes. */

import { join } from "node:path";
import { loadNativePort } from "@sluice/native-port";
import { cutAppendLog } from "../../dist/append-cut.js";
import { AppendLog } from "../../dist/append-log.js";
import { FileLock } from "../../dist/file-lock.js";
import { newHandleId } from "../../dist/layout.js";
import type { Operation } from "../../dist/operation.js";
import { layoutOf, segmentsOf } from "./log.js";
import { type Folder, spec } from "./ports.js";

const port = await loadNativePort();

export class Appender {
  readonly log: AppendLog;
  readonly lock: FileLock;

  constructor(folder: Folder, settings: Parameters<typeof spec>[0] = {}, durable = false) {
    this.log = new AppendLog({
      layout: layoutOf(folder),
      handle: newHandleId(),
      spec: spec(settings),
      durable,
    });
    this.lock = new FileLock(port, layoutOf(folder));
    this.log.catchUp();
  }

  /** Acts under the lock, having read everything. */
  locked<T>(act: (log: AppendLog) => T): T {
    if (!this.lock.take()) throw new Error("Expected the lock to be free");
    try {
      this.log.readOn(true);
      return act(this.log);
    } finally {
      this.lock.give();
    }
  }

  commit(operations: readonly Operation[] = [], items: readonly Uint8Array[] = []): void {
    this.locked((log) => {
      if (typeof log.append(operations, items) !== "number") throw new Error("Expected room in the log");
    });
  }

  cut(): void {
    this.locked((log) => cutAppendLog(log, 0, false));
  }

  [Symbol.dispose](): void {
    this.log.close();
    this.lock.close();
  }
}

/** Path of the file that commits are appended to. */
export function logFileOf(folder: Folder): string {
  using one = new Appender(folder);
  return join(folder.root, segmentsOf(folder)[0] as string, `log.${one.log.head?.file}`);
}
