/**
 * The channel that Node opens between a process and its child: `fork`, `send`, `on("message")`. With one producer and one
 * consumer the producer is the parent; with more, a parent of all relays, for children cannot send to each other.
 *
 * There is no bound: what nobody has read yet stays in the memory of the sender. It waits, as the documentation tells,
 * for the callback of `send`, though not of each one: of one in `UNANSWERED_MAX`, which was the fastest of what was tried
 * (each callback; those after a `send` that answered false).
 */

import { type ChildProcess, fork, type SerializationType } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { type Command, nodeWorker, startUnder } from "../running.js";
import { ItemInbox } from "./item-inbox.js";
import { onlyLarge } from "./only-large.js";

const UNANSWERED_MAX = 256;

// Where `startUnder` has the other worker's standard input and output.
const CHILD_DESCRIPTOR = 3;

/** What a process and its child have in common. */
interface Channel {
  on(event: "message", listener: (message: string | Uint8Array) => void): unknown;
  send(message: string | Uint8Array, callback?: (error: Error | null) => void): unknown;
}

export function startWorkerAt(descriptor: number, serialization: SerializationType): ChildProcess {
  const [, program] = nodeWorker;
  return fork(program as string, { stdio: [descriptor, descriptor, "inherit", "ipc"], serialization });
}

/** A worker's one channel: to the child that it starts, or to its parent. */
class Line {
  readonly inbox: ItemInbox = new ItemInbox();
  readonly #channel: Channel;
  readonly #isText: boolean;
  readonly #ended: Promise<void>;
  #unanswered = 0;

  constructor(serialization: SerializationType) {
    this.#isText = serialization === "json";
    if (process.send === undefined) {
      const child = startWorkerAt(CHILD_DESCRIPTOR, serialization);
      this.#channel = child;
      this.#ended = new Promise((resolve, reject) => {
        child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error("the other worker failed"))));
      });
    } else {
      this.#channel = process as unknown as Channel;
      this.#ended = Promise.resolve();
      // No orphan: the parent that relays is gone.
      process.on("disconnect", () => process.exit(1));
    }
    this.#ended.catch(() => {});
    this.#channel.on("message", (message) => {
      this.inbox.add(typeof message === "string" ? Buffer.from(message, "latin1") : message);
    });
  }

  send(item: Uint8Array): Promise<void> | undefined {
    const { buffer, byteOffset, byteLength } = item;
    const message = this.#isText ? Buffer.from(buffer, byteOffset, byteLength).toString("latin1") : item;
    this.#unanswered += 1;
    if (this.#unanswered < UNANSWERED_MAX) {
      this.#channel.send(message);
      return undefined;
    }
    this.#unanswered = 0;
    return new Promise((resolve, reject) => {
      this.#channel.send(message, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** Of a parent: when its child is gone too. */
  ended(): Promise<void> {
    return this.#ended;
  }
}

export function childIpc(
  candidate: Pick<NodeCandidate, "name" | "about" | "module" | "itemCount">,
  serialization: SerializationType,
): NodeCandidate {
  let line: Line | undefined;
  const relay = fileURLToPath(new URL("./child-ipc-relay.js", import.meta.url));
  return {
    ...candidate,
    bound: "none",
    hasBatches: false,
    isDealt: true,
    unsuited: onlyLarge,
    create: async () => ({ address: null, destroy: async () => {} }),
    start(jobs) {
      if (jobs.length === 2) return startUnder(nodeWorker, jobs, true);
      const command: Command = [process.execPath, relay, serialization, ...jobs.map(({ role }) => role)];
      return startUnder(command, jobs, false);
    },
    async connect() {
      // Both ways of a round trip are one channel.
      line ??= new Line(serialization);
      const own = line;
      const put = (item: Uint8Array) => own.send(item) ?? Promise.resolve();
      return {
        producer: async (): Promise<PutEnd> => ({ put }),
        consumer: async (): Promise<TakeEnd> => ({ take: () => own.inbox.take() }),
        close: () => own.ended(),
      };
    },
  };
}
