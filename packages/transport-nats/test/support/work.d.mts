import type { BoundedBuffer } from "@sluice/core";

export interface Account {
  readonly values: string[];
  readonly unsure: string[];
  readonly faults: string[];
}
export declare function insist(buffer: BoundedBuffer<string>, name: string, count: number): Promise<string[]>;
export declare function consume(buffer: BoundedBuffer<string>): Promise<Account>;
export declare function sum(accounts: readonly Account[]): { values: string[]; unsure: number };
