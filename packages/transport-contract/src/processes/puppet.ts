/** A child process that does what a rule tells it, until it is killed. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type BufferAddress, BufferError, type ErrorCode } from "@sluice/core";
import { messageOf } from "../verdict-text.js";
import type { ArmedFailpoint, Latency } from "./failpoint-preload.js";
import { lastSaid } from "./last-said.js";
import { ownedUntilExit } from "./owned-child.js";
import type { PuppetCalls, Reply } from "./puppet-messages.js";

export interface PuppetOptions {
  /** Of the buffer that it opens. Without one it opens nothing by itself. */
  readonly address?: BufferAddress;
  readonly failpoint?: ArmedFailpoint;
  readonly latency?: Latency;
  /**
   * One that may stop itself is continued this often, from its start on: it may come upon its failpoint while it opens, or with
   * a lock in its hands for which everybody waits.
   */
  readonly wakeEveryMs?: number;
  /** Handed the process as soon as there is one. */
  readonly onSpawn?: (puppet: Puppet) => void;
}

/** A call of a child that is gone. */
export class PuppetGone extends Error {
  override readonly name: string = "PuppetGone";
}

type Result<K extends keyof PuppetCalls> = Promise<ReturnType<PuppetCalls[K]>>;

export class Puppet {
  readonly #child: ChildProcess;
  readonly #calls: Map<number, { resolve(value: unknown): void; reject(error: unknown): void }> = new Map();
  readonly #exit: Promise<unknown>;
  #lastId = 0;
  readonly #said: () => string;
  #end: string | undefined;

  private constructor(options: PuppetOptions) {
    // `execArgv` is written out: that of a test runner is not for its children.
    this.#child = fork(fileURLToPath(new URL("./puppet-main.js", import.meta.url)), [], {
      execArgv: ["--import", new URL("./failpoint-preload.js", import.meta.url).href],
      env: {
        ...process.env,
        SLUICE_CONTRACT_ADDRESS: asText(options.address),
        SLUICE_CONTRACT_FAILPOINT: asText(options.failpoint),
        SLUICE_CONTRACT_LATENCY: asText(options.latency),
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#said = lastSaid(this.#child.stdout, this.#child.stderr);
    this.#child.on("message", (reply: Reply) => this.#answer(reply));
    const waker =
      options.wakeEveryMs === undefined
        ? undefined
        : setInterval(() => this.signal("SIGCONT"), options.wakeEveryMs);
    const forget = ownedUntilExit(this.#child, "process");
    const end = once(this.#child, "exit").then(
      ([code, signal]) => (signal === null ? `with code ${code}` : `by ${signal}`),
      (error) => `before it began: ${messageOf(error)}`,
    );
    this.#exit = end.then((text) => {
      forget();
      clearInterval(waker);
      this.#end = text;
      for (const call of this.#calls.values()) call.reject(this.#gone());
      this.#calls.clear();
    });
  }

  /** Starts a process, and opens the address there if one is given. */
  static async start(options: PuppetOptions = {}): Promise<Puppet> {
    const puppet = new Puppet(options);
    options.onSpawn?.(puppet);
    try {
      if (options.address !== undefined) await puppet.call("open");
    } catch (error) {
      puppet.signal("SIGKILL");
      throw error;
    }
    return puppet;
  }

  /** Rejects with the error's code if the call rejected there, with `PuppetGone` if the process ended first. */
  call<K extends keyof PuppetCalls>(name: K, ...args: Parameters<PuppetCalls[K]>): Result<K> {
    if (this.#end !== undefined) return Promise.reject(this.#gone());
    const id = ++this.#lastId;
    const reply = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    // Whoever kills the process need not wait for what it was doing.
    reply.catch(() => {});
    // To one that was killed a moment ago; its exit says all there is to say. Without the callback, `once` would reject.
    this.#child.send({ id, name, args }, () => {});
    return reply as Result<K>;
  }

  get isGone(): boolean {
    return this.#end !== undefined;
  }

  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#exit;
  }

  /** Resolves, once it has ended, to its exit code, null if a signal ended it. */
  async exited(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  /** Lets it go: it ends by itself as soon as nothing keeps it. */
  leave(): Promise<number | null> {
    if (this.#child.connected) this.#child.disconnect();
    return this.exited();
  }

  #answer(reply: Reply): void {
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if (!("error" in reply)) call?.resolve(reply.value);
    else if (reply.error.code === undefined)
      call?.reject(new Error(`In process ${this.#child.pid}: ${reply.error.message}`));
    else call?.reject(new BufferError(reply.error.code as ErrorCode, reply.error.message));
  }

  #gone(): PuppetGone {
    const text = this.#said();
    const said = text === "" ? "" : `; it said:\n${text}`;
    return new PuppetGone(`The child process ${this.#child.pid} ended ${this.#end}${said}`);
  }
}

function asText(value: object | undefined): string {
  return value === undefined ? "" : JSON.stringify(value);
}
