/** What the author of a worker writes: a module with one default export, a function that produces or consumes. */

import type { Codec } from "../codec.js";
import { BufferError, show } from "../errors.js";

/** What a worker is told. */
export interface WorkerContext<A = unknown> {
  /** Position in its group, from 0. */
  readonly index: number;
  /** How many workers its group has. */
  readonly count: number;
  /** What the plan gives to this worker; a structured clone of it. */
  readonly args: A;
  /**
   * Aborted when the worker is to stop: a producer before the buffer is sealed, a consumer when it is to give back what it
   * has in hand. A worker that goes on regardless is left behind a second later.
   */
  readonly signal: AbortSignal;
  /**
   * How many items this producer id had put into the buffer before: 0 on a new buffer, the number of its last accepted
   * item for one that comes back. Always 0 for a consumer.
   */
  readonly lastSequence: number;
}

/**
 * A producer: every `yield` puts one value and waits until there is room for it. Ends by returning. Where its group asks for
 * batches, it is asked for that many values before they are put together.
 */
export type ProduceFunction<T = unknown, A = unknown> = (
  context: WorkerContext<A>,
) => AsyncIterable<T> | Iterable<T>;

/** A consumer of one item, which it has under a lease: acked when it returns, nacked when it throws, renewed meanwhile. */
export type ConsumeFunction<T = unknown, A = unknown> = (item: T, context: WorkerContext<A>) => unknown;

interface WorkerModule<T, A> {
  /** Needed where the buffer's codec is not one of core's own. Its name must be the one in the buffer. */
  readonly codec?: Codec<T>;
  /** Called once for each worker at its end, also after a failure, with the same context, and awaited. */
  readonly close?: (context: WorkerContext<A>) => unknown;
}

/** The exports of a producer's module. */
export interface ProducerModule<T = unknown, A = unknown> extends WorkerModule<T, A> {
  readonly default: ProduceFunction<T, A>;
  /**
   * It goes on after the `lastSequence` that it is told. Without it a producer that crashed is started again only if the plan
   * asks for restarts in so many words: it would put its first items again.
   */
  readonly resumes?: boolean;
}

/** The exports of a consumer's module. */
export interface ConsumerModule<T = unknown, A = unknown> extends WorkerModule<T, A> {
  readonly default: ConsumeFunction<T, A>;
}

/** A module of either kind. */
export interface LoadedModule extends WorkerModule<unknown, unknown> {
  readonly default: unknown;
  readonly resumes?: unknown;
}

/** @throws BufferError `WORKER_FAILED`: the module cannot be loaded, or does not export what a worker needs. */
export async function loadWorkerModule(url: string): Promise<LoadedModule> {
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause);
    const hint = isTypeScriptRefused(cause) ? `. ${TYPESCRIPT_HINT}` : "";
    throw new BufferError("WORKER_FAILED", `The worker module ${url} cannot be loaded: ${why}${hint}`, {
      cause,
    });
  }
  const { default: main, close } = module;
  if (typeof main !== "function") throw unfit(url, "a function as its default export", main);
  if (close !== undefined && typeof close !== "function") throw unfit(url, "a function as `close`", close);
  return module as unknown as LoadedModule;
}

const TYPESCRIPT_HINT =
  "This Node does not run TypeScript by itself, as 22.18 and later do: run the program under tsx, give its group " +
  '`execArgv: ["--import", "tsx"]`, or compile it';

function isTypeScriptRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_UNKNOWN_FILE_EXTENSION" &&
    /\.[cm]?tsx?\b/.test(error.message)
  );
}

function unfit(url: string, expected: string, seen: unknown): BufferError {
  return new BufferError(
    "WORKER_FAILED",
    `Expected the worker module ${url} to have ${expected}, got ${show(seen)}`,
  );
}
