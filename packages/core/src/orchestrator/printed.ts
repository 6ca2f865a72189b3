/** Resolves when everything written to it so far has gone off: `process.exit` would drop it. */
export function printed(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writable) return Promise.resolve(); // a module may have ended it
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
