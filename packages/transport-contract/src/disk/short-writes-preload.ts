/** Loaded before everything else in a script's process: Node's writes take only a part, as the system's may. */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { randomFrom } from "@sluice/history-checker/random";

const random = randomFrom(Number(process.env["SLUICE_CONTRACT_SHORT_WRITES"]));
let shortened = 0;
const some = (length: number) => {
  const less = length <= 1 ? length : 1 + random.below(length);
  if (less < length) shortened++;
  return less;
};
process.on("exit", () => writeFileSync(process.env["SLUICE_CONTRACT_SHORTENED"] ?? "", String(shortened)));
type Bytes = NodeJS.ArrayBufferView;
type Callback = (error: unknown, written?: number, bytes?: Bytes) => void;

// The forms that take a text, or the length by an object, are left alone: they are for little things.
const { writeSync, write, writeFileSync } = fs;
const shortSync = (fd: number, bytes: Bytes, offset?: unknown, length?: unknown, position?: unknown) => {
  const isPlain = ArrayBuffer.isView(bytes) && (offset === undefined || typeof offset === "number");
  if (!isPlain) return Reflect.apply(writeSync, fs, [fd, bytes, offset, length, position]);
  const from = offset ?? 0;
  const most = typeof length === "number" ? length : bytes.byteLength - from;
  return Reflect.apply(writeSync, fs, [fd, bytes, from, some(most), position]);
};
const short = (fd: number, bytes: Bytes, ...rest: unknown[]) => {
  const callback = rest.pop() as Callback;
  const [offset, length, position] = rest;
  const isPlain = ArrayBuffer.isView(bytes) && (offset === undefined || typeof offset === "number");
  if (!isPlain) return Reflect.apply(write, fs, [fd, bytes, ...rest, callback]);
  const from = offset ?? 0;
  const most = typeof length === "number" ? length : bytes.byteLength - from;
  return Reflect.apply(write, fs, [fd, bytes, from, some(most), position ?? null, callback]);
};
Object.assign(fs, { writeSync: shortSync, write: short });
syncBuiltinESMExports();
