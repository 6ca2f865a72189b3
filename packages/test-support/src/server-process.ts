/** A server of the tests' own: on one port, with its files in a temporary folder. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.js";

/** In memory where that is to be had: a sync to it costs nothing, and no test cuts the power. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const SAID_MAX = 4_000;

const children = new Set<ChildProcess>();
const folders = new Set<string>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export interface Place {
  readonly port: number;
  /** Address that it listens on. Default: that of the loopback. */
  readonly bind?: string;
  /** The command that starts it, such as that of a network of its own. Default: none. */
  readonly before?: readonly string[];
}

/** Killed, and its folder removed, when this process ends at the latest. */
export class ServerProcess {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly #before: readonly string[];
  #child: ChildProcess | undefined;

  /** Not started yet. @param name - of what it is, for that of its folder. */
  constructor(name: string, { port, bind = "127.0.0.1", before = [] }: Place) {
    this.host = bind;
    this.port = port;
    this.folder = mkdtempSync(join(FOLDERS, `sluice-${name}-`));
    this.#before = before;
    folders.add(this.folder);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @param ready - what it prints when it listens. */
  protected async run(program: string | undefined, args: readonly string[], ready: RegExp): Promise<void> {
    if (program === undefined) throw new Error("There is no server program");
    const [command = "", ...rest] = [...this.#before, program, ...args];
    const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    children.add(child);
    child.once("exit", () => children.delete(child));
    let said = "";
    const listens = new Promise<true>((resolve) => {
      for (const output of [child.stdout, child.stderr])
        output.on("data", (text) => {
          said = `${said}${text}`.slice(-SAID_MAX);
          if (ready.test(said)) resolve(true);
        });
    });
    const ended = new Promise<false>((resolve) => {
      child.once("close", () => resolve(false));
      child.once("error", () => resolve(false));
    });
    if (!(await Promise.race([listens, ended]))) throw new Error(`${program} does not start: ${said}`);
    // It keeps nobody's process.
    child.unref();
    for (const output of [child.stdout, child.stderr]) (output as Socket).unref();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** By SIGSTOP. Resolves when all its threads stand still: that takes them a moment, in which they may answer. */
  async pause(): Promise<void> {
    this.signal("SIGSTOP");
    const tasks = `/proc/${this.#child?.pid}/task`;
    const isStopped = (task: string) =>
      /^State:\s+T/m.test(readFileSync(join(tasks, task, "status"), "utf8"));
    await until(() => readdirSync(tasks).every(isStopped), "the server stands still");
  }

  /** Without warning. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** For good. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}
