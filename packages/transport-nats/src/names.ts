/** What a buffer is called in JetStream. */

import { createHash } from "node:crypto";

// With what is put around it a name stays under the 255 bytes that a server takes.
const ENCODED_MAX = 150;

/** As one token of a subject, and as a part of a stream's name: nothing in it means anything to a server, or to its disk. */
function encoded(name: string): string {
  let text = "";
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    text += /[\w-]/.test(character) ? character : `=${byte.toString(16).padStart(2, "0")}`;
  }
  if (text.length <= ENCODED_MAX) return text;
  const hash = createHash("sha256").update(name).digest("hex");
  return `${text.slice(0, ENCODED_MAX - hash.length - 2)}==${hash}`;
}

/** Whoever has this one, and no other stream has it, may be the buffer of that name. */
export function placeSubject(name: string): string {
  return `sluice.at.${encoded(name)}`;
}

export interface Names {
  /** Never used again: what is done to it is not done to a later buffer of the same name. */
  readonly stream: string;
  /** Where commits, the parts of a whole state, and its head go. */
  readonly commits: string;
  readonly parts: string;
  readonly states: string;
  /** All of the three. */
  readonly all: string;
  /** Under which the server tells everybody what the stream took; with `>` behind it. */
  readonly told: string;
  /** Under which handles tell each other that they wait. */
  readonly waits: string;
}

export function namesOf(name: string, id: string): Names {
  const own = `sluice.on.${id}`;
  return {
    stream: `sluice-${encoded(name)}-${id}`,
    commits: `${own}.commit`,
    parts: `${own}.part`,
    states: `${own}.state`,
    all: `${own}.*`,
    told: `sluice.told.${id}`,
    waits: `sluice.told.${id}.waits`,
  };
}

/** What a message of the stream is. */
export type Kind = "commit" | "part" | "state";

export function kindOf(subject: string): Kind {
  const kind = subject.slice(subject.lastIndexOf(".") + 1);
  return kind === "commit" || kind === "state" ? kind : "part";
}
