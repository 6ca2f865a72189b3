/**
 * What a worker records of its own work, on its way to the parent: at once while there is little, merged while there is
 * much, so that an item does not cost a message.
 */

import type { Lease } from "../lease.js";
import { DurationHistogram } from "./duration-histogram.js";
import { now, type WorkerRecord } from "./run-events.js";
import { type FailedItem, type FromWorker, NO_TOTALS, type WorkerTotals } from "./worker-messages.js";

/** After a message nothing is sent for so long; what happens meanwhile goes together. About one frame of a display. */
const QUIET_MS = 20;

/**
 * Most items a worker finishes without having handed the record of them to the operating system: so many may be missing from
 * the account of a worker that was killed.
 */
export const UNREPORTED_MAX = 256;

type Tally = Exclude<keyof WorkerTotals, "waitedMs">;

export class Journal {
  readonly #send: (message: FromWorker) => Promise<void>;
  readonly #values: boolean;
  readonly #totals: { -readonly [K in keyof WorkerTotals]: number } = { ...NO_TOTALS };
  readonly #timesInBuffer = new DurationHistogram();
  #records: WorkerRecord[] = [];
  #unreported = 0;
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #quietUntil = 0;
  #sent: Promise<void> = Promise.resolve();

  /** @param send - resolves when the message no longer depends on this process. */
  constructor(send: (message: FromWorker) => Promise<void>, values: boolean) {
    this.#send = send;
    this.#values = values;
  }

  /**
   * Items put, or items done. To be awaited where it returns a promise: then the parent is behind.
   *
   * @param at - when that was asked for, where others may see the effect before the answer comes.
   */
  items(
    kind: "produced" | "consumed",
    values: readonly unknown[],
    at: number = now(),
  ): Promise<void> | undefined {
    if (values.length === 0) return undefined;
    this.#totals[kind] += values.length;
    // Taken and done before anybody could be told: one record of it is enough.
    if (kind === "consumed") this.#withdraw((record) => record.kind === "taken");
    const last = this.#records.at(-1);
    if (last?.kind === kind) this.#records.pop();
    const before = last?.kind === kind ? last : { count: 0, values: [] };
    this.#add({
      kind,
      at,
      count: before.count + values.length,
      total: this.#totals[kind],
      ...(this.#values ? { values: [...(before.values ?? []), ...values] } : {}),
    });
    this.#unreported += values.length;
    return this.#unreported < UNREPORTED_MAX ? undefined : this.flush();
  }

  taken(leases: readonly Lease<unknown>[]): void {
    const at = now();
    for (const { putTime } of leases) if (putTime !== undefined) this.#timesInBuffer.record(at - putTime);
    const values = this.#values ? { values: leases.map(({ value }) => value) } : {};
    this.#add({ kind: "taken", at, count: leases.length, ...values });
  }

  /** Resolves when the parent can know of it, and of all before, whatever becomes of this process. */
  async suspects(items: readonly FailedItem[]): Promise<void> {
    const told = this.flush();
    await Promise.all([told, this.#send({ kind: "suspects", items })]);
  }

  nacked({ sequence, deliveries }: Lease<unknown>, reason: string): void {
    this.#totals.nacked++;
    this.#add({ kind: "nacked", at: now(), reason, sequence, deliveries });
  }

  tally(what: Tally, count = 1): void {
    this.#totals[what] += count;
  }

  waiting(because: "full" | "empty"): void {
    this.#totals.waits++;
    this.#add({ kind: "waiting", at: now(), because });
  }

  resumed(because: "full" | "empty", waitedMs: number): void {
    this.#totals.waitedMs += waitedMs;
    // Over before anybody could be told: it is counted, and not worth two records.
    if (this.#withdraw((record) => record.kind === "waiting")) return;
    this.#add({ kind: "resumed", at: now(), because, waitedMs });
  }

  /** Sends what there is. Resolves when that no longer depends on this process. */
  flush(): Promise<void> {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = this.#later = undefined;
    const records = this.#records;
    this.#records = [];
    this.#unreported = 0;
    this.#quietUntil = performance.now() + QUIET_MS;
    const timesInBuffer = this.#timesInBuffer.take();
    const sent = this.#send({ kind: "records", records, totals: { ...this.#totals }, timesInBuffer });
    this.#sent = Promise.all([this.#sent, sent]).then(() => {});
    return this.#sent;
  }

  /** Takes back a record that has not gone off yet. */
  #withdraw(isMeant: (record: WorkerRecord) => boolean): boolean {
    const index = this.#records.findIndex(isMeant);
    if (index < 0) return false;
    this.#records.splice(index, 1);
    return true;
  }

  #add(record: WorkerRecord): void {
    this.#records.push(record);
    if (this.#soon !== undefined || this.#later !== undefined) return;
    const quietMs = this.#quietUntil - performance.now();
    // Not within this call: what the same turn still adds goes along.
    if (quietMs <= 0) this.#soon = setImmediate(() => void this.flush());
    else this.#later = setTimeout(() => void this.flush(), quietMs);
  }
}
