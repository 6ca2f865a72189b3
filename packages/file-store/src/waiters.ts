/**
 * Calls that wait for the log to move on. Where other processes commit to it they are woken by the file system: every
 * commit is an event in the directory or the file that the log is written to, and whoever waits watches that. So a commit
 * costs nothing for those who wait, and a waiter that dies is missed by nobody.
 */

import { type FSWatcher, watch } from "node:fs";
import type { Wait } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { Log, WaitCounts, WaitKind } from "./log.js";

/** For events that got lost, and for holders that died: nobody announces that. */
const SAFETY_MS = 500;

// Where the system grants no watch (there is a limit per user), looking again is all that is left.
const UNWATCHED_MS = 20;

// How many turns a call lets pass for others.
const TURNS_MAX = 8;

interface Waiter {
  readonly kind: WaitKind;
  readonly canGo: (state: BufferState) => boolean;
  readonly wake: () => void;
  readonly end: () => void;
}

/** A call that waits. */
export interface WaitingCall<T> {
  readonly kind: WaitKind;
  readonly wait: Wait;
  /** Whether it is worth asking in this state. */
  readonly canGo: (state: BufferState) => boolean;
  readonly ask: () => T | Promise<T>;
  readonly isFinal: (answer: T) => boolean;
}

export class Waiters {
  readonly #log: Log;
  readonly #counts: WaitCounts;
  /** Looks for what time or death has brought about. True if that is to be committed by whoever asks next. */
  readonly #onTick: () => boolean;
  readonly #waiting = new Set<Waiter>();
  /** By path. */
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #isNotifying = false;

  constructor(log: Log, counts: WaitCounts, onTick: () => boolean) {
    this.#log = log;
    this.#counts = counts;
    this.#onTick = onTick;
  }

  /**
   * Asks until the answer is final or the wait is over, and returns the last answer.
   *
   * @param first - what was answered before, and was not final.
   */
  async wait<T>({ kind, wait, canGo, ask, isFinal }: WaitingCall<T>, first: T): Promise<T> {
    const deadline = performance.now() + wait.maxMs;
    let wake: () => void = () => {};
    let isOver = wait.signal.aborted;
    const end = () => {
      isOver = true;
      wake();
    };
    const waiter: Waiter = { kind, canGo, wake: () => wake(), end };
    const timer = Number.isFinite(wait.maxMs) ? setTimeout(end, wait.maxMs) : undefined;
    const tell = kind === "observer" ? undefined : this.#counts.tell(kind);
    wait.signal.addEventListener("abort", end, { once: true });
    let answer = first;
    try {
      this.#add(waiter);
      for (let hasWaited = false; ; hasWaited = true) {
        // Prepared before asking, so that a commit which comes during the question is not missed.
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        // Read once more, because what came before the watch was armed has brought no event; where that is cheap, also what woke it.
        const mayGo = (hasWaited && !this.#log.isQuickToLook) || this.#isChanged(canGo);
        if (mayGo && (await this.#afterOthers(waiter))) answer = await ask();
        if (isFinal(answer) || isOver || performance.now() >= deadline) return answer;
        if (!hasWaited) wait.onWait();
        await woken;
      }
    } finally {
      clearTimeout(timer);
      tell?.();
      wait.signal.removeEventListener("abort", end);
      this.#remove(waiter);
    }
  }

  /** The state has moved on, by whatever way. */
  notify(): void {
    if (this.#waiting.size === 0 || this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      const { state } = this.#log;
      for (const waiter of this.#waiting) if (state.destroyed || waiter.canGo(state)) waiter.wake();
    });
  }

  /** The log goes on elsewhere: so does the watch, if that is what it watches. */
  moved(): void {
    const paths = (["producer", "consumer", "observer"] as const).map((kind) => this.#log.watchPath(kind));
    const left = [...this.#watchers].filter(([path]) => !paths.includes(path));
    for (const [path, watcher] of left) {
      watcher.close();
      this.#watchers.delete(path);
    }
    if (left.length === 0 && this.#isWatched) return;
    for (const path of new Set(paths)) this.#watch(path);
    if (this.#waiting.size === 0) this.#unref();
    // What came before the watch was armed brought no event.
    this.#look();
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    clearTimeout(this.#timer);
    for (const waiter of this.#waiting) waiter.end();
  }

  /** Whether there are more who were served before this handle than there are items. */
  isScarce(): boolean {
    const { isQuiet, state } = this.#log;
    return isQuiet !== undefined && state.ready.size <= this.#servedBefore("consumer");
  }

  /** Lets those ask first who were last served before this handle was. */
  async letOthersGo(kind: WaitKind): Promise<void> {
    for (let turns = this.#servedBefore(kind); turns > 0; turns--) await this.#log.passTurn(kind);
  }

  // How many others were last served before this handle was: most of them wait as well.
  #servedBefore(kind: WaitKind): number {
    const { participants } = this.#log.state;
    const own = participants.get(this.#log.handle);
    const last = kind === "producer" ? "lastPut" : "lastTake";
    const ownLast = own?.[last];
    if (kind === "observer" || ownLast === undefined) return 0;
    let count = 0;
    for (const [handle, other] of participants)
      if ((other[last] ?? ownLast) < ownLast && this.#log.isQuiet?.(handle) !== true) count += 1;
    return Math.min(count, TURNS_MAX);
  }

  // The system wakes everybody, in an order of its own. Whoever was served longest ago asks at once, and the others, where
  // that is cheap to find out, only if something is left for them.
  async #afterOthers({ kind, canGo }: Waiter): Promise<boolean> {
    for (let turns = this.#servedBefore(kind); turns > 0; turns--) {
      await this.#log.passTurn(kind);
      if (this.#log.isQuickToLook && !this.#isChanged(canGo)) return false;
    }
    return true;
  }

  #isChanged(canGo: (state: BufferState) => boolean): boolean {
    this.#log.catchUp();
    return this.#log.state.destroyed || canGo(this.#log.state) || this.#onTick();
  }

  #add(waiter: Waiter): void {
    this.#waiting.add(waiter);
    this.#watch(this.#log.watchPath(waiter.kind))?.ref();
    if (this.#waiting.size === 1) this.#schedule();
  }

  #remove(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0) return;
    // The watch stays, unless there is never a wait again: making one costs more than the events it brings.
    this.#unref();
    clearTimeout(this.#timer);
  }

  #unref(): void {
    for (const watcher of this.#watchers.values()) watcher.unref();
  }

  get #isWatched(): boolean {
    return [...this.#waiting].every(({ kind }) => {
      const path = this.#log.watchPath(kind);
      return path === undefined || this.#watchers.has(path);
    });
  }

  #watch(path: string | undefined): FSWatcher | undefined {
    if (path === undefined) return undefined;
    const known = this.#watchers.get(path);
    if (known !== undefined) return known;
    try {
      const watcher = watch(path, (_event, name) => this.#onEvent(name));
      watcher.on("error", () => {});
      this.#watchers.set(path, watcher);
      return watcher;
    } catch {
      // No watch to be had, or the path is gone: the tick finds out.
      return undefined;
    }
  }

  #onEvent(name: string | null): void {
    if (this.#waiting.size === 0 || !this.#log.isNews(name)) return;
    this.#look();
  }

  #look(): void {
    try {
      this.#log.catchUp();
    } catch {
      // Whoever is woken asks, and meets the same error, which is then an answer to somebody.
      this.#wakeAll();
    }
  }

  #wakeAll(): void {
    for (const waiter of this.#waiting) waiter.wake();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const period = this.#isWatched ? SAFETY_MS : UNWATCHED_MS;
    const delay = Math.min(period, Math.max(1, this.#log.state.nextEnd - this.#log.clock.atLeast()));
    this.#timer = setTimeout(() => {
      this.#look();
      if (this.#onTick()) this.#wakeAll();
      if (this.#waiting.size > 0) this.#schedule();
    }, delay);
  }
}
