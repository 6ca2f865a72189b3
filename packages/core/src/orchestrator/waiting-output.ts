/**
 * Makes writes to a pipe wait for its reader, as long as there is one, as they do in other languages. Node keeps what a full pipe does
 * not take in memory until the program awaits something: whoever prints a gigabyte before that needs a gigabyte, or is ended by
 * `write ENOBUFS`.
 *
 * Node has no public way to ask for it. This one is that of the package set-blocking, which command lines use.
 */
export function waitForReader(stream: NodeJS.WriteStream): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (hasSetBlocking(handle)) handle.setBlocking(true);
  // Its reader is gone, and with it the parent: what is in hand goes back all the same.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

function hasSetBlocking(handle: unknown): handle is { setBlocking(isBlocking: boolean): void } {
  return typeof handle === "object" && handle !== null && "setBlocking" in handle;
}
