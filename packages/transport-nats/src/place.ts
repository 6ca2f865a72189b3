/** Which streams are at the place of a buffer's name, and what they say of themselves. */

import type { StreamInfo } from "@nats-io/jetstream";
import type { BufferSpec } from "@sluice/core";
import { faults, isStreamMissing, refusalOf } from "./faults.js";
import { type Link, limitFromNow } from "./link.js";
import { placeSubject } from "./names.js";

export const FORMAT = 1;

/** What the description of a stream says of the buffer in it. */
export interface Described {
  readonly sluice: number;
  readonly name: string;
  readonly id: string;
  readonly spec: BufferSpec;
}

export interface Found {
  readonly described: Described;
  readonly info: StreamInfo;
}

/** Names of all streams there. More than one only while several are being made at once, or of a maker that died in it. */
export function streamsAt(link: Link, name: string): Promise<string[]> {
  return link.ask(limitFromNow(), ({ jsm }) => jsm.streams.names(placeSubject(name)).next());
}

/** Rejects `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, and as `Link.ask`. */
export async function foundAt(link: Link, name: string): Promise<Found[]> {
  const found: Found[] = [];
  try {
    for (const stream of await streamsAt(link, name)) {
      const info = await infoOf(link, stream);
      if (info !== undefined) found.push({ described: describedIn(info, name), info });
    }
  } catch (error) {
    throw refusalOf(error, "none");
  }
  return found;
}

/** Whether its maker has said that it is a buffer: by its first message. */
export function isMade({ info }: Found): boolean {
  return info.state.last_seq > 0;
}

/** By the name that no later stream has. */
export async function removeStream(link: Link, stream: string): Promise<void> {
  try {
    await link.ask(limitFromNow(), ({ jsm }) => jsm.streams.delete(stream));
  } catch (error) {
    if (!isStreamMissing(error)) throw refusalOf(error, "unknown");
  }
}

async function infoOf(link: Link, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await link.ask(limitFromNow(), ({ jsm }) => jsm.streams.info(stream));
  } catch (error) {
    if (isStreamMissing(error)) return undefined;
    throw error;
  }
}

function describedIn({ config }: StreamInfo, name: string): Described {
  let described: Partial<Described> | null;
  try {
    described = JSON.parse(config.description ?? "") as Partial<Described> | null;
  } catch {
    described = null;
  }
  if (described?.sluice === undefined || described.name !== name) {
    const message = `The subject ${placeSubject(name)} belongs to the stream ${config.name}, which is no buffer`;
    throw faults.of("NOT_A_BUFFER", message);
  }
  if (described.sluice !== FORMAT) {
    const versions = `has format ${described.sluice}, and this version reads ${FORMAT}`;
    throw faults.of("VERSION_UNSUPPORTED", `The buffer ${JSON.stringify(name)} ${versions}`);
  }
  return described as Described;
}
