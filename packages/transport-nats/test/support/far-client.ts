/** A client in another process, on another host as far as the network is concerned, with one server to ask. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MODULE = fileURLToPath(new URL("far-client.mjs", import.meta.url));

/** What it has: two producers, a consumer, and what takes more than one call of them. */
type Thing = "buffer" | "patient" | "hasty" | "consumer" | "other";

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly code?: string;
}

export class FarClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #asked: Map<number, (answer: Answer) => void> = new Map();
  #count = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
  }

  /** Gone after the test. @param host - the command that starts a process there. */
  static async start(host: readonly string[], url: string, name: string): Promise<FarClient> {
    const [command = "", ...rest] = [...host, process.execPath, MODULE, url, name];
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const client = new FarClient(child);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout })
        .on("line", (line) => {
          if (line === '"ready"') resolve();
          else client.#heard(JSON.parse(line) as Answer);
        })
        .once("close", () => {
          const gone = "The client on the other host has ended";
          reject(new Error(gone));
          for (const id of client.#asked.keys()) client.#heard({ id, code: gone });
        });
    });
    return client;
  }

  /** Rejects with the code that the call there did. */
  async call(on: Thing, call: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#count += 1;
    const id = this.#count;
    const answered = new Promise<Answer>((resolve) => this.#asked.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify({ id, on, call, args })}\n`);
    const { value, code } = await answered;
    if (code !== undefined) throw Object.assign(new Error(`${call} there: ${code}`), { code });
    return value;
  }

  #heard(answer: Answer): void {
    this.#asked.get(answer.id)?.(answer);
    this.#asked.delete(answer.id);
  }
}
