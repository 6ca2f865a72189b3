/** Buffers in a folder of their own. */

import { type BufferPort, type BufferSpec, completeSpec } from "@sluice/core";
import type { Folder } from "../../../file-store/test/support/folder.js";
import { type FileTransportOptions, fileTransport } from "../../dist/index.js";

export function spec(settings: Partial<BufferSpec> = {}): BufferSpec {
  return completeSpec({ capacity: 5, ...settings }, "bytes");
}

export { Folder } from "../../../file-store/test/support/folder.js";

export type LockName = NonNullable<FileTransportOptions["lock"]>;

/** Of durability `none`. */
export async function created(folder: Folder, lock: LockName = "proper-lockfile"): Promise<BufferPort> {
  const transport = fileTransport({ path: folder.place, lock });
  await transport.create(spec(), { durability: "none" });
  return transport.open();
}
