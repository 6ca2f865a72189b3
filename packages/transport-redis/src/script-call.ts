/**
 * The call of a script, as ioredis is asked to send it: with no more around it than its connection needs. What is the same each time is
 * put together once.
 */

import { type Command, Redis } from "ioredis";
import type { Argument } from "./link.js";
import type { Script } from "./scripts.js";
import type { Client } from "./server-place.js";

/** By the very list of its keys. */
type Heads = WeakMap<readonly string[], string>;
const heads: Map<Script, Heads> = new Map();

/** What a connection of ioredis uses of a `Command`. */
class ScriptCall {
  readonly name = "evalsha";
  readonly args: readonly Argument[];
  /** Traces of commands are made of all that have a promise. */
  readonly isTraced = true;
  readonly promise = undefined;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly #head: string;
  readonly #keyCount: number;

  constructor(
    head: string,
    keyCount: number,
    args: readonly Argument[],
    resolve: (reply: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.args = args;
    this.resolve = resolve;
    this.reject = reject;
    this.#head = head;
    this.#keyCount = keyCount;
  }

  setReplyContext(): void {}

  toWritable(): string | Buffer {
    const { args } = this;
    let text = `*${3 + this.#keyCount + args.length}${this.#head}`;
    let bytes: Buffer[] | undefined;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as Argument;
      if (typeof arg === "object") {
        bytes ??= [];
        bytes.push(Buffer.from(`${text}$${arg.length}\r\n`), arg);
        text = "\r\n";
      } else {
        const part = typeof arg === "number" ? `${arg}` : arg;
        text += `$${Buffer.byteLength(part)}\r\n${part}\r\n`;
      }
    }
    return bytes === undefined ? text : Buffer.concat([...bytes, Buffer.from(text)]);
  }
}

/** Whether it is a connection to one server, and of the ioredis that this was written for: a user may have another one. */
export function takesScriptCalls(client: Client): client is Redis {
  return client instanceof Redis;
}

/** Sends it on a connection to one server; one of both is called, once. */
export function sendScript(
  client: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
  resolve: (reply: unknown) => void,
  reject: (error: unknown) => void,
): void {
  const call = new ScriptCall(headOf(script, keys), keys.length, args, resolve, reject);
  client.sendCommand(call as unknown as Command);
}

/** All between the number of parts and the first argument. */
function headOf(script: Script, keys: readonly string[]): string {
  let ofScript = heads.get(script);
  if (ofScript === undefined) {
    ofScript = new WeakMap();
    heads.set(script, ofScript);
  }
  let head = ofScript.get(keys);
  if (head === undefined) {
    const parts = ["EVALSHA", script.sha, String(keys.length), ...keys];
    head = `\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
    ofScript.set(keys, head);
  }
  return head;
}
