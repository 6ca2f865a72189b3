/** Places for a transport that has files: each in a new directory of its own, which is looked into and cleared away. */

import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import type { BufferTransport } from "@sluice/core";
import type { Harness } from "./harness.js";
import { type PassingFolder, passingFolder } from "./kit/temporary-folder.js";

/** A name that has to be quoted wherever one can be forgotten; short, since the path of a socket has little room. */
const ODD = "sluice é %41 '$(x)-";

/**
 * The part of a harness that makes places, for a transport whose buffer lies in a directory.
 *
 * @param make - makes the transport for a directory that is empty.
 * @param parent - where the directories are made. Default: where the system has its temporary files.
 */
export function inDirectories(
  make: (directory: string) => BufferTransport,
  parent: string = tmpdir(),
): Required<Pick<Harness, "createTransport" | "cleanup" | "leftovers">> {
  const { directory: _, ...places } = filesInDirectories(make, parent);
  return places;
}

/** The same for a transport whose buffer is the files in its directory, and nothing else: they can be damaged, see DISK. */
export function filesInDirectories(
  make: (directory: string) => BufferTransport,
  parent: string = tmpdir(),
): Required<Pick<Harness, "createTransport" | "cleanup" | "leftovers" | "directory">> {
  const directories = new Map<BufferTransport, PassingFolder>();
  const directoryOf = (transport: BufferTransport) => (directories.get(transport) as PassingFolder).path;
  return {
    createTransport() {
      const directory = passingFolder(ODD, parent);
      const transport = make(directory.path);
      directories.set(transport, directory);
      return transport;
    },
    cleanup(transport) {
      directories.get(transport)?.remove();
      directories.delete(transport);
    },
    leftovers(transport) {
      const directory = directoryOf(transport);
      return existsSync(directory) ? readdirSync(directory) : [];
    },
    directory: directoryOf,
  };
}
