/** What the ports of one handle share: the way to the server, the names it goes by there, and what is under way. */

import { randomBytes } from "node:crypto";
import { closed, destroyed } from "./faults.js";
import type { Keys } from "./keys.js";
import type { Argument, Asking, Link } from "./link.js";
import { type ScriptName, scripts } from "./scripts.js";
import { WakeUps } from "./wake-ups.js";

/** Of the first number of an answer: the buffer is not there; it takes the long way. */
const GONE = 9;
const SLOW = 8;
/** What needed the long way once needs it for a while. */
const SLOW_CALLS = 16;

export class Handle {
  /** Never used again, by whatever process. */
  readonly id: string = randomBytes(9).toString("base64url");
  readonly keys: Keys;
  readonly link: Link;
  readonly wakeUps: WakeUps;
  /** How many replicas have to confirm an offer. */
  readonly replicas: number;
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #isClosed = false;
  #names = 0;
  #control: Promise<unknown> = Promise.resolve();
  #requests = 0;
  readonly #slow = { put: 0, poll: 0, settle: 0 };

  constructor(link: Link, blocking: Link, keys: Keys, replicas: number) {
    this.link = link;
    this.keys = keys;
    this.replicas = replicas;
    this.wakeUps = new WakeUps(link, blocking, keys, this.id);
  }

  /** A name of this handle's for a participant. */
  newName(): string {
    this.#names += 1;
    return `${this.id}.${this.#names}`;
  }

  /** Runs a script of this buffer. Rejects `BUFFER_DESTROYED` where there is none any more, and as `Link.run`. */
  async run<Reply extends readonly [number, ...unknown[]]>(
    name: ScriptName,
    args: readonly Argument[],
    asking?: Asking,
    keys: readonly string[] = this.keys.all,
  ): Promise<Reply> {
    return checked(await this.link.run<Reply>(scripts[name], keys, args, asking));
  }

  /**
   * Runs a script that may answer that it takes the long way, and then that. An answer of bytes says that it does not.
   *
   * @param known - what the first has answered already.
   */
  async runShort<Reply extends readonly [number, ...unknown[]] | Buffer>(
    name: "poll" | "settle",
    keys: readonly string[],
    args: readonly Argument[],
    isAgain: boolean,
    known?: Reply,
  ): Promise<Reply> {
    // What may have been done before is looked for in what is kept.
    if (known !== undefined || (!isAgain && this.isShort(name))) {
      const long = scripts[`${name}-slow`];
      const reply =
        known ?? (await this.link.runOrAgain<Reply>(scripts[name], keys, long, this.keys.all, args));
      if (Buffer.isBuffer(reply)) return reply;
      const coded = reply as Exclude<Reply, Buffer>;
      if (!this.isLong(name, coded)) return checked(coded);
    }
    return this.run<Exclude<Reply, Buffer>>(`${name}-slow`, args);
  }

  /** Whether it was answered that it takes the long way. */
  isLong(name: "put" | "poll" | "settle", [code]: readonly [number, ...unknown[]]): boolean {
    if (code !== SLOW) return false;
    this.#slow[name] = SLOW_CALLS;
    return true;
  }

  /** Whether to try the short way; a call that asks has to use it. */
  isShort(name: "put" | "poll" | "settle"): boolean {
    if (this.#slow[name] === 0) return true;
    this.#slow[name] -= 1;
    return false;
  }

  /** One after the other, each with a number: asked again, it is answered as it was before. */
  oneByOne<T>(what: (request: number) => Promise<T>): Promise<T> {
    this.#requests += 1;
    const request = this.#requests;
    const result = this.#control.then(() => what(request));
    this.#control = result.catch(() => {});
    return result;
  }

  /** Refuses on a closed handle; otherwise its end waits for this. */
  async track<T>(what: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await what();
    } finally {
      this.done();
    }
  }

  /** A call begins, which is `done` later: what `track` does, for those that are made often. @throws BufferError `HANDLE_CLOSED`. */
  begin(): void {
    if (this.#isClosed) throw closed();
    this.#underWay += 1;
  }

  done(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle?.();
  }

  /** Ends what waits, and waits for what is under way. False if it was ended before. */
  async end(): Promise<boolean> {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.wakeUps.end();
    // Each of them is bounded by the time of a request; one that begins to wait meanwhile ends at once.
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    return true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  drop(): void {
    this.#isClosed = true;
    this.wakeUps.close();
    this.link.close();
  }
}

export function checked<Reply extends readonly [number, ...unknown[]]>(reply: Reply): Reply {
  if (reply[0] === GONE) throw destroyed();
  return reply;
}
