/** The keys of a buffer: all in one slot of a cluster, and those of one buffer told from those of a later one by its id. */

/** In the order in which the scripts name them. */
const PARTS = ["h", "f", "v", "a", "r", "l", "d", "k", "p", "o", "wr", "wi", "we", "tr", "ti", "te"] as const;

export interface Keys {
  /** Where a name leads to a buffer. */
  readonly place: string;
  /** Of every script. */
  readonly all: readonly string[];
  readonly header: string;
  /** Of the scripts that take the short way: what they need, and no more. */
  readonly put: { readonly named: readonly string[]; readonly anonymous: readonly string[] };
  readonly poll: { readonly plain: readonly string[]; readonly leased: readonly string[] };
  readonly settle: readonly string[];
  /** Those that wake: for room, for an item, for the end. */
  readonly tokens: { readonly room: string; readonly item: string; readonly end: string };
  /** One handle's own list, which ends its blocking call. */
  readonly kick: (handle: string) => string;
}

/** A name as part of a key: a brace would end the hash tag. */
function encoded(name: string): string {
  return name.replace(/[%{}\s]/g, (c) => `%${c.codePointAt(0)?.toString(16).padStart(2, "0")}`);
}

export function placeKey(name: string): string {
  return `sluice:{${encoded(name)}}`;
}

export function keysOf(name: string, id: string): Keys {
  const place = placeKey(name);
  const key = (part: string) => `${place}:${id}:${part}`;
  return {
    place,
    all: PARTS.map(key),
    header: key("h"),
    put: {
      named: ["h", "f", "wr", "tr", "ti", "p"].map(key),
      anonymous: ["h", "f", "wr", "tr", "ti"].map(key),
    },
    poll: {
      plain: ["h", "f", "tr", "wi", "ti"].map(key),
      leased: ["h", "f", "tr", "wi", "ti", "v", "a", "l"].map(key),
    },
    settle: ["h", "v", "a", "l", "tr"].map(key),
    tokens: { room: key("tr"), item: key("ti"), end: key("te") },
    kick: (handle) => key(`x:${handle}`),
  };
}
