/** The other end of `actor.mjs`. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BufferAddress } from "@sluice/core";

const MODULE = fileURLToPath(new URL("./actor.mjs", import.meta.url));

interface Message {
  readonly id?: number;
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
}

export class Actor implements Disposable {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown[]>;
  /** How often it has begun to wait. */
  waits = 0;
  #next = 0;
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exit = once(child, "exit");
    child.on("message", (message: Message & { waits?: boolean }) => {
      if (message.waits) this.waits += 1;
      const call = message.id === undefined ? undefined : this.#open.get(message.id);
      if (call === undefined) return;
      if (message.code === undefined && message.message === undefined) call.resolve(message.value);
      else call.reject(Object.assign(new Error(message.message), { code: message.code }));
    });
  }

  static async on(address: BufferAddress): Promise<Actor> {
    const actor = new Actor(fork(MODULE, { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    await once(actor.child, "message");
    await actor.call("open", address);
    return actor;
  }

  /** The type is what the test expects; nothing checks it but the expectations. */
  call<T = unknown>(call: string, ...args: unknown[]): Promise<T> {
    const id = this.#next++;
    const answer = new Promise<T>((resolve, reject) => {
      this.#open.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
    this.child.send({ id, call, args });
    return answer;
  }

  /** Tells it to do something in the middle of which it kills or stops itself; what it answers nobody waits for. */
  async dieAt(failpoint: string, call: string, ...args: unknown[]): Promise<void> {
    await this.call("arm", failpoint, "SIGKILL");
    this.call(call, ...args).catch(() => {});
    await this.exit;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
  }
}
