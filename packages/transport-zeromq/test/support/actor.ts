/** The other end of `actor.mjs`. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MODULE = fileURLToPath(new URL("./actor.mjs", import.meta.url));

interface Message {
  readonly id?: number;
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly waits?: boolean;
}

export class Actor {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
  /** How often it has begun to wait. */
  waits = 0;
  #next = 0;
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exit = once(child, "exit").then(() => {
      for (const call of this.#open.values()) call.reject(new Error(`The process ${child.pid} has ended`));
    });
    child.on("message", (message: Message) => {
      if (message.waits) this.waits += 1;
      const call = message.id === undefined ? undefined : this.#open.get(message.id);
      if (call === undefined) return;
      if (message.code === undefined && message.message === undefined) call.resolve(message.value);
      else call.reject(Object.assign(new Error(message.message), { code: message.code }));
    });
  }

  /** A process that has opened nothing yet. Killed when the test is over. @param before - the command that starts it. */
  static async start(before: readonly string[] = []): Promise<Actor> {
    const [command = "", ...args] = [...before, process.execPath, MODULE];
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const actor = new Actor(child);
    onTestFinished(() => actor.kill());
    await once(child, "message");
    return actor;
  }

  static async at(url: string): Promise<Actor> {
    const actor = await Actor.start();
    await actor.call("open", url);
    await actor.call("prepare");
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

  /** Tells it to do something; what it answers nobody waits for. */
  begin(call: string, ...args: unknown[]): void {
    this.call(call, ...args).catch(() => {});
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}
