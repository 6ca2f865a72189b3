// Handles items, or exits by itself at the first, and then never gets to the end of its exit, as Node itself does now and then.
export default function consume(_item, { args }) {
  if (args?.exitCode !== undefined) process.exit(args.exitCode);
}

process.on("exit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
