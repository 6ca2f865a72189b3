/** Reads options of a command line, and says in one line what is wrong with one. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";

/** Of what is random: any that a number can hold. */
export const SEED_MAX: number = Number.MAX_SAFE_INTEGER;

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: true }>
>;

/** @throws UsageError for an option that there is not. */
export function readOptions<O extends Options>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true }) as Parsed<O>;
  } catch (error) {
    const told = messageOf(error);
    throw new UsageError(told.split(". ")[0] ?? told);
  }
}

/** The one module that is meant. @param command - that wants it. @throws UsageError */
export function oneModule([module, ...more]: readonly string[], command: string): string {
  if (module === undefined || module === "")
    throw new UsageError(`Expected a module that exports a harness: ${command} MODULE`);
  if (more.length > 0) throw new UsageError(`Expected one module, got also ${more.join(" ")}`);
  return module;
}

/** @throws UsageError */
export function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Expected --${option} to be an integer from ${min} to ${max}, got ${JSON.stringify(text)}`,
  );
}

/** @throws UsageError */
export function numberAboveZero(option: string, text: string): number {
  const value = text === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`Expected --${option} to be a number above 0, got ${JSON.stringify(text)}`);
}

/** @throws UsageError */
export function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `Expected --${option} to be one of ${allowed.join(", ")}, got ${JSON.stringify(text)}`,
  );
}
