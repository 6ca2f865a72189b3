/**
 * A connection that is there when it is needed: made on demand, made again after it has ended, and asked again what it may not have
 * heard. All that is asked of it may be asked twice: the scripts see to that.
 */

import { type Effect, isBufferError } from "@sluice/core";
import { closedUnder, fault, isPassing, isReply, refusalOf, textOf, unavailable } from "./faults.js";
import { sendScript, takesScriptCalls } from "./script-call.js";
import type { Script } from "./scripts.js";
import { type Client, isCluster, type ServerPlace } from "./server-place.js";
import { PAUSE_MS, REQUEST_MS } from "./timing.js";

export type Argument = string | number | Buffer;

/** Whether a call that fails may have taken place all the same. */
export interface Asking {
  readonly effect?: Effect;
  /** Of something that need not be done. */
  readonly withinMs?: number;
}

type Send = (client: Client, maybeDone: boolean) => Promise<unknown>;

export class Link {
  readonly where: string;
  readonly #make: () => Client;
  #client: Client | undefined;
  #connecting: Promise<void> | undefined;
  /** What the connection said last when it failed. */
  #lastError: unknown;
  #isClosed = false;
  #pauseMs = 0;
  #wasThere = false;
  /** Calls that are under way, and when the server was last heard, or asked while nothing was under way. */
  #open = 0;
  #heardAt = 0;
  #watch: NodeJS.Timeout | undefined;
  readonly #requestMs: number;

  /** @param requestMs - a call that is not answered for so long fails. */
  constructor({ where, client }: ServerPlace, requestMs: number = REQUEST_MS) {
    this.where = where;
    this.#make = client;
    this.#requestMs = requestMs;
  }

  /**
   * Runs a script. Rejects `TRANSPORT_UNAVAILABLE` when its time is over; `STORAGE_FULL`, `STORAGE_FAILED`, `PERMISSION_DENIED` as
   * the server says; `HANDLE_CLOSED` or `OUTCOME_UNKNOWN` when the link is closed meanwhile.
   */
  run<Reply>(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    asking?: Asking,
  ): Promise<Reply> {
    return this.#once(script, keys, script, keys, args, asking) as Promise<Reply>;
  }

  /** Runs the first script, and where that may have been run already the other. */
  runOrAgain<Reply>(
    script: Script,
    keys: readonly string[],
    again: Script,
    keysAgain: readonly string[],
    args: readonly Argument[],
  ): Promise<Reply> {
    return this.#once(script, keys, again, keysAgain, args) as Promise<Reply>;
  }

  /** Runs commands of the server's own, in one go; for what may be done twice. */
  commands<Reply>(...commands: readonly (readonly [string, ...Argument[]])[]): Promise<Reply[]> {
    return this.#ask(
      (client) => Promise.all(commands.map(([name, ...args]) => client.callBuffer(name, ...args))),
      { effect: "none" },
    ) as Promise<Reply[]>;
  }

  /** Runs a script and, behind it on the same connection, waits for replicas. Their number, with the answer. */
  runConfirmed<Reply>(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    replicas: number,
    waitMs: number,
  ): Promise<readonly [Reply, number]> {
    return this.#ask(async (client) => {
      const node = isCluster(client) ? ownerOf(client, keys) : client;
      // A script that had to be taught first would run behind a `WAIT` that was sent with its name alone.
      const [reply, count] = await byNameOrWhole(script, (command, what) =>
        Promise.all([
          node.callBuffer(command, what, keys.length, ...keys, ...args),
          node.callBuffer("WAIT", replicas, waitMs),
        ]),
      );
      return [reply, Number(count)];
    }) as Promise<readonly [Reply, number]>;
  }

  /** One blocking call. Rejects whatever ends the connection: who waits then looks for himself. */
  async block(lists: readonly string[], timeoutMs: number): Promise<readonly [string, string] | undefined> {
    const client = await this.#ready(performance.now() + this.#requestMs);
    const reply = await this.#counted(client.callBuffer("BLPOP", ...lists, (timeoutMs / 1_000).toFixed(3)));
    if (reply === null) return undefined;
    const [list, token] = reply as readonly [Buffer, Buffer];
    return [list.toString(), token.toString()];
  }

  /** Of every master, for what is asked of servers. */
  ofMasters<T>(ask: (node: Client) => Promise<T>): Promise<T[]> {
    return this.#ask(
      (client) => Promise.all((isCluster(client) ? client.nodes("master") : [client]).map(ask)),
      {
        effect: "none",
      },
    ) as Promise<T[]>;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#watch);
    if (this.#client !== undefined) this.#drop(this.#client);
    // Whoever keeps a closed handle keeps no connection with it.
    this.#client = undefined;
  }

  /** The one try that nearly always is enough, with little around it. */
  #once(
    script: Script,
    keys: readonly string[],
    again: Script,
    keysAgain: readonly string[],
    args: readonly Argument[],
    asking?: Asking,
  ): Promise<unknown> {
    const ask = (first?: { readonly client: Client; readonly error: unknown }) =>
      this.#ask(
        (client, maybeDone) =>
          maybeDone ? evaluate(client, again, keysAgain, args) : evaluate(client, script, keys, args),
        asking,
        first,
      );
    const client = this.#client;
    if (client?.status !== "ready" || this.#isClosed || !takesScriptCalls(client)) return ask();
    this.#begin();
    return new Promise((resolve) => {
      const onReply = (reply: unknown) => {
        this.#end();
        resolve(reply);
      };
      const onError = (error: unknown) => {
        this.#end();
        resolve(ask(isScriptMissing(error) ? undefined : { client, error }));
      };
      sendScript(client, script, keys, args, onReply, onError);
    });
  }

  async #ask(
    send: Send,
    { effect = "unknown", withinMs = this.#requestMs }: Asking = {},
    first?: { readonly client: Client; readonly error: unknown },
  ): Promise<unknown> {
    const until = performance.now() + withinMs;
    let maybeDone = false;
    let failed = first;
    for (;;) {
      const doubt = () => (maybeDone ? effect : "none");
      if (failed !== undefined) {
        const { client, error } = failed;
        if (isBufferError(error)) throw error;
        if (isReply(error)) {
          const refusal = refusalOf(error, doubt());
          if (refusal !== undefined) throw refusal;
          if (!isPassing(error))
            throw fault("STORAGE_FAILED", `The server answers: ${textOf(error)}`, { effect, cause: error });
          // Of another server, perhaps, that has taken over: it is looked for anew.
          if (isCluster(client)) client.refreshSlotsCache(() => {});
          else if (/^(READONLY|MASTERDOWN)/.test(textOf(error))) this.#drop(client);
        } else if (!isUnsent(error)) maybeDone = true;
        if (this.#isClosed) throw closedUnder(doubt());
        if (performance.now() >= until) throw unavailable(this.where, doubt(), error);
        await this.#pause(until);
      }
      if (this.#isClosed) throw closedUnder(doubt());
      let client: Client;
      try {
        client = this.#client?.status === "ready" ? this.#client : await this.#ready(until);
      } catch (error) {
        if (this.#isClosed) throw closedUnder(doubt());
        throw refusalOf(error, doubt()) ?? unavailable(this.where, doubt(), error);
      }
      try {
        return await this.#counted(send(client, maybeDone));
      } catch (error) {
        failed = { client, error };
      }
    }
  }

  async #counted(sent: Promise<unknown>): Promise<unknown> {
    this.#begin();
    try {
      return await sent;
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    this.#open += 1;
    if (this.#open === 1) {
      this.#heardAt = performance.now();
      this.#hold(true);
    }
    this.#watch ??= setTimeout(() => this.#look(), this.#requestMs).unref();
  }

  #end(): void {
    this.#open -= 1;
    this.#heardAt = performance.now();
    if (this.#open === 0) this.#hold(false);
  }

  /** A server that is silent for so long, though it was asked: the connection may be there, and nobody at its other end. */
  #look(): void {
    this.#watch = undefined;
    if (this.#open === 0) return;
    const leftMs = this.#heardAt + this.#requestMs - performance.now();
    if (leftMs <= 0 && this.#client !== undefined) this.#drop(this.#client);
    this.#watch = setTimeout(() => this.#look(), Math.max(leftMs, 100)).unref();
  }

  /** At once: an orderly end would wait for somebody who may not be there. */
  #drop(client: Client): void {
    // A cluster's client forgets its nodes when it disconnects.
    const streams = (isCluster(client) ? client.nodes() : [client]).map(({ stream }) => stream);
    // One that has ended would wait for its end once more, and keep the process so long.
    if (isCluster(client) || client.status !== "end") client.disconnect();
    for (const stream of streams) stream?.destroy();
    this.#heardAt = performance.now();
  }

  async #ready(until: number): Promise<Client> {
    for (;;) {
      if (this.#isClosed) throw closedUnder("none");
      const client = this.#client ?? this.#first();
      const isReady = () => client.status === "ready";
      if (isReady()) return client;
      this.#connecting ??= this.#connect(client).finally(() => {
        this.#connecting = undefined;
      });
      await orLate(this.#connecting, until).catch((error: unknown) => {
        this.#lastError = this.#lastError ?? error;
      });
      const error = this.#lastError;
      if (isReady() && !isOfSelect(error)) return client;
      // Who has never been there is not waited for.
      const isHopeless = refusalOf(error, "none") !== undefined || !this.#wasThere;
      if (isHopeless || performance.now() >= until) throw error;
      await this.#pause(until);
    }
  }

  #first(): Client {
    const client = this.#make();
    client.on("error", (error: unknown) => {
      this.#lastError = error;
      // The client would go on, in database 0.
      if (isOfSelect(error)) this.#drop(client);
    });
    this.#client = client;
    return client;
  }

  async #connect(client: Client): Promise<void> {
    this.#lastError = undefined;
    await client.connect();
    if (isOfSelect(this.#lastError)) throw this.#lastError;
    this.#pauseMs = 0;
    this.#wasThere = true;
    this.#hold(this.#open > 0);
  }

  async #pause(until: number): Promise<void> {
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, PAUSE_MS.first), PAUSE_MS.most);
    const ms = Math.min(this.#pauseMs * (0.5 + Math.random() / 2), Math.max(until - performance.now(), 1));
    await new Promise<void>((resolve) => setTimeout(resolve, ms));
  }

  /** An idle connection keeps no process alive. */
  #hold(isHeld: boolean): void {
    const client = this.#client;
    if (client === undefined) return;
    const how = isHeld ? "ref" : "unref";
    if (!isCluster(client)) client.stream?.[how]?.();
    else for (const { stream } of client.nodes()) stream?.[how]?.();
  }
}

function evaluate(
  client: Client,
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  return byNameOrWhole(script, (command, what) =>
    client.callBuffer(command, what, keys.length, ...keys, ...args),
  );
}

function byNameOrWhole<T>(
  { sha, source }: Script,
  send: (command: "EVALSHA" | "EVAL", what: string) => Promise<T>,
): Promise<T> {
  return send("EVALSHA", sha).catch((error: unknown) => {
    if (!isScriptMissing(error)) throw error;
    return send("EVAL", source);
  });
}

/** The node that has these keys, for what has to follow on the same connection. */
function ownerOf(client: Extract<Client, { nodes: unknown }>, keys: readonly string[]): Client {
  const slot = slotOf(keys[0] ?? "");
  const [name] = (client as unknown as { slots: readonly (readonly string[])[] }).slots[slot] ?? [];
  const owner = client.nodes("master").find(({ options: { host, port } }) => `${host}:${port}` === name);
  if (owner === undefined) throw new Error("CLUSTERDOWN no node is known for the slot");
  return owner as unknown as Client;
}

/** CRC16 of the hash tag, as the cluster specification has it. */
export function slotOf(key: string): number {
  const tag = /\{(?<tag>[^}]+)\}/.exec(key)?.groups?.["tag"] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % 16_384;
}

/** A server that was started again, or another one, has yet to learn it. */
function isScriptMissing(error: unknown): boolean {
  return /^NOSCRIPT/.test(textOf(error));
}

/** The database that the place names cannot be had. */
function isOfSelect(error: unknown): boolean {
  return isReply(error) && (error as { command?: { name?: unknown } }).command?.name === "select";
}

/** ioredis refused to send it. */
function isUnsent(error: unknown): boolean {
  return /isn't writeable|Cluster isn't ready|^CLUSTERDOWN/.test(textOf(error));
}

async function orLate(done: Promise<void>, until: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("no connection in time")),
      Math.max(until - performance.now(), 1),
    );
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
