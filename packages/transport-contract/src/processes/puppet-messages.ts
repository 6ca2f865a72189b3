/** What a rule and its child process say to each other. */

import type { BufferAddress, BufferCounts, BufferSettings, ErrorCode } from "@sluice/core";
import type { Resources } from "../kit/resources.js";

/** The calls that a puppet makes for its rule: arguments and result, all JSON. */
export interface PuppetCalls {
  /** Opens the address that the environment holds. */
  open(): void;
  /** Makes, at the place of an address, a new buffer; `exists` if somebody else was first. */
  create(address: BufferAddress, settings: BufferSettings): "created" | "exists";
  openOrCreate(address: BufferAddress, settings: BufferSettings): void;
  put(value: string): void;
  tryPut(value: string): "accepted" | "full" | "sealed";
  /** The item, or null at the end. */
  take(): string | null;
  tryTake(): string | "empty" | null;
  /** Keeps the lease under its number. */
  lease(leaseMs: number): { lease: number; value: string; deliveries: number; failures: number } | null;
  /** Resolves when its producer or its consumer waits: for room, or for an item. */
  waits(): void;
  ack(lease: number): void;
  seal(): boolean;
  counts(): BufferCounts;
  close(): void;
  /** Opens the buffer of an address, takes all there is, asks what its producer was last told, and closes it again. */
  readAll(address: BufferAddress, producer: string): Reading;
  /** Puts items until it is told to stop, and records it. Resolves to how many were accepted. */
  produce(job: ProduceJob): number;
  /** Takes or leases items to the end, and records it. Resolves to how many were finished. */
  consume(job: ConsumeJob): number;
  /** Ends `produce` after the put under way. */
  stopProducing(): void;
  /**
   * Looks at the counts again and again, until stopped. Resolves to the most items seen inside, how often it looked, and what
   * was wrong with the ledger in the first snapshot in which something was.
   */
  sample(): { most: number; samples: number; wrong: string | null };
  stopSampling(): void;
  /** What this process holds, once what can be collected was. */
  resources(): Resources;
}

/** What came of `readAll`. Where it went wrong: the error's code, or its message if it has none. */
export interface Reading {
  readonly fault?: { readonly while: Doing; readonly what: string };
  readonly counts?: BufferCounts;
  readonly deadLetters?: readonly ReadItem[];
  readonly items: readonly ReadItem[];
  /** Of the producer. */
  readonly lastSequence?: number;
}

/** What is done one after the other. */
export type Doing = "opening" | "counting" | "listing the dead letters" | "taking" | "registering";

export interface ReadItem {
  /** Base64. */
  readonly item: string;
  readonly deliveries: number;
}

export interface ProduceJob {
  readonly folder: string;
  /** Name of this process in the history. */
  readonly name: string;
  /** Name of the producer, also over several processes: its items are `<id>-<n>`, and it goes on where its id stopped. */
  readonly id: string;
  readonly items: number;
  /** The medium is restarted under it: it goes on after what that breaks. Default false. */
  readonly isRestarted?: boolean;
  readonly seed: number;
  /** Longest pause between two puts. */
  readonly paceMs: number;
  /** Items are filled up to so many characters. Default: as they are. */
  readonly itemLength?: number;
}

export interface ConsumeJob {
  readonly folder: string;
  readonly name: string;
  readonly mode: "take" | "lease";
  readonly leaseMs: number;
  readonly isRestarted?: boolean;
  readonly seed: number;
  /** Longest work on one item. */
  readonly workMs: number;
}

export interface Call {
  readonly id: number;
  readonly name: keyof PuppetCalls;
  readonly args: readonly unknown[];
}

export type Reply =
  // JSON leaves an undefined value out.
  | { readonly id: number; readonly value?: unknown }
  | { readonly id: number; readonly error: { readonly code?: ErrorCode; readonly message: string } };
