/** The command's arguments, read and checked whole before anything is made. */

import { parseArgs } from "node:util";
import { type BufferSettings, type BufferSpec, completeSpec, isBufferError } from "@sluice/core";

export interface BrokerCommand {
  readonly kind: "broker";
  readonly url: string;
  readonly spec: BufferSpec;
  readonly journal: string | undefined;
  readonly keys: string | undefined;
}

export interface KeysCommand {
  readonly kind: "keys";
  readonly file: string;
  /** The key file of the broker that is to know the new key; undefined to make a broker's own. */
  readonly forClient: string | undefined;
}

interface FiguresCommand {
  readonly kind: "figures";
  readonly url: string;
  readonly keys: string | undefined;
}

export type Command = BrokerCommand | KeysCommand | FiguresCommand | { readonly kind: "help" | "version" };

/** One line for the user, who asked for something that cannot be done: exit code 2. */
export class UsageError extends Error {}

export const HELP = `Usage: npx @sluice/transport-zeromq COMMAND [options]

  broker --url URL --capacity N   hold a buffer there until SIGINT or SIGTERM
    --item-bytes-max N              most bytes of one item (default: 65536)
    --buffer-bytes-max N            most bytes of all items (default: as many as the capacity needs)
    --failures-max N                at how many failures an item is a dead letter (default: 5)
    --dead-letters-max N            most dead letters (default: the capacity)
    --codec NAME                    the codec that everybody uses (default: json)
    --journal PATH                  a directory that keeps what is in the buffer
    --keys FILE                     admit only clients whose keys this file lists

  keys FILE                       make the key file of a broker
    --for-client BROKER-FILE        or that of a client, which the broker of the other file knows from then on

  figures --url URL               what the broker there has done so far, as JSON
    --keys FILE                     a client's key file

  --help, --version               this text; the version

  URL is ipc:///absolute/path of a socket, or tcp://address:port; a broker takes * as the port for one that is
  free, and says which. The address may not be *: 0.0.0.0 is all of this host. Without --keys the environment variable
  SLUICE_ZEROMQ_KEYS names the key file, if it is set.

Exit codes: 0 done, or the buffer was destroyed; 2 wrong use, or a place, key file or journal that another choice would
mend; 6 no broker is there, or it does not answer; 129, 130, 143 ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM.
`;

const TEXT = { type: "string" } as const;
const OPTIONS = {
  broker: {
    url: TEXT,
    capacity: TEXT,
    "item-bytes-max": TEXT,
    "buffer-bytes-max": TEXT,
    "failures-max": TEXT,
    "dead-letters-max": TEXT,
    codec: TEXT,
    journal: TEXT,
    keys: TEXT,
  },
  keys: { "for-client": TEXT },
  figures: { url: TEXT, keys: TEXT },
} as const;
const SETTINGS = ["capacity", "itemBytesMax", "bufferBytesMax", "failuresMax", "deadLettersMax"] as const;
type Setting = (typeof SETTINGS)[number];
const NAMES = Object.keys(OPTIONS).join(", ");

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const [name, ...rest] = args;
  if (args.includes("--help") || args.includes("-h")) return { kind: "help" };
  switch (name) {
    case "broker":
      return broker(valuesOf(rest, OPTIONS.broker));
    case "keys":
      return keys(rest);
    case "figures": {
      const values = valuesOf(rest, OPTIONS.figures);
      need(values, ["url"]);
      return { kind: "figures", url: values.url ?? "", keys: values.keys };
    }
    case "--version":
      return { kind: "version" };
    case undefined:
      throw new UsageError(`Say what is to be done: ${NAMES}`);
    default:
      throw new UsageError(`Expected one of ${NAMES}, got ${JSON.stringify(name)}`);
  }
}

function broker(values: Partial<Record<keyof (typeof OPTIONS)["broker"], string>>): BrokerCommand {
  const { url = "", codec = "json", journal, keys } = values;
  need(values, ["url", "capacity"]);
  const settings = Object.fromEntries(
    SETTINGS.filter((key) => values[optionOf(key)] !== undefined).map((key) => [
      key,
      count(values[optionOf(key)]),
    ]),
  );
  try {
    const spec = completeSpec(settings as unknown as BufferSettings, codec);
    return { kind: "broker", url, spec, journal, keys };
  } catch (error) {
    if (!isBufferError(error, "INVALID_ARGUMENT")) throw error;
    throw new UsageError(error.message.replace(/`(\w+)`/, (_, key: Setting) => `--${optionOf(key)}`));
  }
}

function keys(args: readonly string[]): KeysCommand {
  const { values, positionals } = parse(args, OPTIONS.keys);
  const [file, ...others] = positionals;
  if (file === undefined || file === "" || others.length > 0)
    throw new UsageError("keys needs the path of one file to write");
  return { kind: "keys", file, forClient: values["for-client"] };
}

type Kebab<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${Kebab<Rest>}`
  : "";

function optionOf<Key extends Setting>(key: Key): Kebab<Key> {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) as Kebab<Key>;
}

/** What is no number is refused with the others that are out of range. */
function count(text: string | undefined): unknown {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : text;
}

/** All that are missing are named at once. */
function need<Name extends string>(values: { readonly [N in Name]?: string }, names: readonly Name[]): void {
  const missing = names.filter((name) => values[name] === undefined).map((name) => `--${name}`);
  if (missing.length > 0)
    throw new UsageError(`${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} needed`);
}

type TextOptions = Record<string, { readonly type: "string" }>;
type Values<Options extends TextOptions> = { readonly [Name in keyof Options]?: string };

function valuesOf<Options extends TextOptions>(args: readonly string[], options: Options): Values<Options> {
  const { values, positionals } = parse(args, options);
  if (positionals.length > 0) throw new UsageError(`Unexpected argument ${JSON.stringify(positionals[0])}`);
  return values;
}

function parse<Options extends TextOptions>(
  args: readonly string[],
  options: Options,
): { readonly values: Values<Options>; readonly positionals: readonly string[] } {
  const { values, positionals, tokens } = parsed(args, options);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice`);
    if (token.value === "" || token.value?.includes("\0"))
      throw new UsageError(`--${token.name} needs a value, got ${JSON.stringify(token.value)}`);
    seen.add(token.name);
  }
  return { values: values as Values<Options>, positionals };
}

function parsed(args: readonly string[], options: TextOptions) {
  try {
    return parseArgs({ args: [...args], options, strict: true, tokens: true, allowPositionals: true });
  } catch (error) {
    // Its first sentence says what is wrong, the rest how positional arguments could be meant.
    const message = error instanceof Error ? error.message : String(error);
    const ambiguous = /'(--[\w-]+).*' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous !== undefined)
      throw new UsageError(`${ambiguous} must be followed by a value that does not begin with -`);
    throw new UsageError(message.replace(/\. .*$/s, "").replaceAll(/\s+/g, " "));
  }
}
