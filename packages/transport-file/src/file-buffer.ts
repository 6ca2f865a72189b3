/** One handle on a buffer in a directory. */

import { readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type {
  BufferAddress,
  BufferCounts,
  BufferPort,
  BufferSpec,
  ConsumerPort,
  DeadLetterPort,
  MaybePromise,
  ProducerPort,
  TransportCapabilities,
  Wait,
} from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import { FileConsumerPort } from "./consumer-port.js";
import { FileDeadLetterPort } from "./dead-letter-port.js";
import type { Layout } from "./layout.js";
import { newHandleId, removedName } from "./layout.js";
import type { Commits } from "./log.js";
import { isDead } from "./process-identity.js";
import { FileProducerPort } from "./producer-port.js";
import { removeIfPossible } from "./record-file.js";
import { errnoOf, storageError } from "./storage-error.js";
import { Store } from "./store.js";

// From the first file of a handle to its first commit: milliseconds, unless the disk or the machine is slow.
const JOINING_MS = 60_000;

export interface FileBufferOptions {
  readonly layout: Layout;
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly commits: Commits;
}

export class FileBuffer implements BufferPort {
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly deadLetters: DeadLetterPort;
  readonly #layout: Layout;
  readonly #store: Store;
  #isClosed = false;

  constructor(options: FileBufferOptions) {
    this.spec = options.spec;
    this.capabilities = options.capabilities;
    this.address = options.address;
    this.#layout = options.layout;
    this.#store = new Store(options.commits);
    this.deadLetters = new FileDeadLetterPort(this.#store);
  }

  /**
   * Reads the state and clears away what dead processes have left. False if the buffer has been destroyed. A handle that
   * does not start is closed.
   */
  start(): boolean {
    try {
      // Listed before the state is read, which then knows everyone who has joined by now.
      const { own, waiting, spare } = this.#layout;
      const left = { own: listNames(own), waiting: listNames(waiting), spare: listNames(spare) };
      this.#store.log.catchUp();
      if (this.#store.log.state.destroyed) return false;
      this.#store.probe();
      this.#sweep(left);
      return true;
    } catch (error) {
      this.giveUp();
      throw error;
    }
  }

  /** Ends a handle that has done nothing. */
  giveUp(): void {
    this.#isClosed = true;
    this.#store.close();
  }

  async producer(id?: string): Promise<ProducerPort> {
    return FileProducerPort.register(this.#store, id ?? `anonymous.${newHandleId()}`, id !== undefined);
  }

  async consumer(): Promise<ConsumerPort> {
    this.#store.log.readsPayload = true;
    // Known from now on, so that its death is noticed also while it has only waited, and that it has its turn among others.
    await this.#store.transact((state) =>
      state.participants.get(this.#store.handle)?.lastTake === undefined
        ? { operations: [{ op: "consumer", handle: this.#store.handle }], reply: () => undefined }
        : { answer: undefined },
    );
    return new FileConsumerPort(this.#store);
  }

  async seal({ discard }: { readonly discard: boolean }): Promise<boolean> {
    return this.#store.transact<boolean>((state) =>
      state.sealed && (!discard || state.discarding)
        ? { answer: false, final: true }
        : { operations: [{ op: "seal", discard }], reply: () => true },
    );
  }

  counts(): MaybePromise<BufferCounts> {
    return this.#store.transact((state) => ({
      answer: {
        ready: state.ready.size,
        leased: state.leased.size,
        parked: state.parked.size,
        dead: state.dead.size,
        discarded: state.discarded,
        produced: state.produced,
        consumed: state.consumed,
        peak: state.peak,
        sealed: state.sealed,
        waitingProducers: this.#countWaiting(state, "producer"),
        waitingConsumers: this.#countWaiting(state, "consumer"),
      },
    }));
  }

  drained(wait: Wait): MaybePromise<boolean> {
    return this.#store.transactWhen<boolean>(
      "observer",
      wait,
      (state) => state.isDrained,
      (state) => ({ answer: state.isDrained, final: state.isDrained }),
      (isDrained) => isDrained,
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#store.endWaits();
    try {
      await this.#store.transact((state) =>
        state.participants.has(this.#store.handle)
          ? { operations: [{ op: "leave", handle: this.#store.handle }], reply: () => undefined }
          : { answer: undefined },
      );
    } catch {
      // Destroyed, failed or out of reach: then the others find out from the process's end, or from the lease's time.
    } finally {
      this.#store.close();
    }
  }

  async destroy(): Promise<void> {
    await this.#store.giveUp(() =>
      this.#store.transact(() => ({ operations: [{ op: "destroy" }], reply: () => undefined })),
    );
    // Not before: one that could not be destroyed is still to be closed.
    this.#isClosed = true;
    this.#store.close();
    removeBuffer(this.#layout);
  }

  // Files that say that a handle waits; those of handles that are gone count for nothing.
  #countWaiting(state: BufferState, kind: string): number {
    return listNames(this.#layout.waiting).filter((name) => {
      const [nameKind, handle] = name.split(".");
      if (nameKind !== kind || handle === undefined) return false;
      const participant = state.participants.get(handle);
      const isThere = participant !== undefined && !isDead(participant);
      if (!isThere) removeIfPossible(join(this.#layout.waiting, name));
      return isThere;
    }).length;
  }

  // What handles that are no more have left. Should one of them only have looked dead, its link fails and it starts anew;
  // but set-aside space is written to by the next, so it is taken from the dead alone.
  #sweep(left: Record<"own" | "waiting" | "spare", readonly string[]>): void {
    const { log } = this.#store;
    const standing = (handle: string | undefined, path: string) => {
      const participant = log.state.participants.get(handle ?? "");
      if (participant !== undefined) return isDead(participant) ? "dead" : "there";
      // Has left, or is about to join: its first commit is in the making.
      return isYoung(path) ? "there" : "unknown";
    };
    for (const name of left.own) {
      const path = join(this.#layout.own, name);
      if (standing(name.split(".")[0], path) !== "there") rmSync(path, { force: true });
    }
    for (const name of left.waiting) {
      const path = join(this.#layout.waiting, name);
      if (standing(name.split(".")[1], path) !== "there") rmSync(path, { force: true });
    }
    for (const name of left.spare) {
      const [kind, handle] = name.split(".");
      if (kind !== "claimed") continue;
      const path = join(this.#layout.spare, name);
      const is = standing(handle, path);
      if (is === "dead") log.takeBack(name);
      else if (is === "unknown") rmSync(path, { force: true });
    }
  }
}

/** Removes a destroyed buffer's files, as far as they are there: only by its own names. */
export function removeBuffer(layout: Layout): void {
  const path = dirname(layout.root);
  const away = join(path, removedName());
  try {
    renameSync(layout.root, away);
    // Somebody who is in the middle of a call may still add a name.
    rmSync(away, { recursive: true, force: true, maxRetries: 10, retryDelay: 5 });
    rmdirSync(path);
  } catch (error) {
    // Somebody else was faster, or there is a new buffer at this path already.
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ENOTEMPTY" && errno !== "EEXIST")
      throw storageError(error, "Removing the buffer");
  }
}

// By the clock on the wall, which may jump: then it is swept by a later one, or too early, which costs a second try.
function isYoung(path: string): boolean {
  // Changed by a rename as well, which is how set-aside space is claimed.
  const changed = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
  return Math.abs(Date.now() - changed) < JOINING_MS;
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
