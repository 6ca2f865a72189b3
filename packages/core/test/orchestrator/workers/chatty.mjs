// Prints far more than a pipe holds, on both streams, before its one item.
export default async function* chatty({ args }) {
  const line = `${"x".repeat(1023)}\n`;
  for (let i = 0; i < args.kibibytes; i++) {
    process.stdout.write(line);
    if (i % 8 === 0) process.stderr.write(line);
  }
  yield "said it all";
}
