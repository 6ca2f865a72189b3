/** Resolves when everything written to it so far has gone off: `process.exit` would drop it. */
export function printed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
