// What a terminal shows of a screen: xterm's own code applies what is written.
import xterm from "@xterm/headless";
import { expect, test } from "vitest";
import { Line } from "../../dist/live/line.js";
import { Screen } from "../../dist/live/screen.js";

function terminal(columns = 40, rows = 10) {
  const shown = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  const written: string[] = [];
  const out = {
    get columns() {
      return shown.cols;
    },
    write: (text: string) => {
      written.push(text);
      shown.write(text);
    },
  };
  return {
    screen: new Screen(out),
    written,
    resize: (columns: number) => shown.resize(columns, rows),
    write: (text: string) => shown.write(text),
    async lines() {
      await new Promise<void>((resolve) => shown.write("", resolve));
      const { active } = shown.buffer;
      const all = Array.from(
        { length: active.length },
        (_, y) => active.getLine(y)?.translateToString(true) ?? "",
      );
      return all.join("\n").trimEnd().split("\n");
    },
  };
}

const picture = (...texts: readonly string[]) =>
  texts.map((text) => new Line(1000, (_style, t) => t).add(text));

test("a picture is drawn over the one before, also where it is shorter or has fewer lines", async () => {
  const { screen, lines } = terminal();
  screen.draw(picture("one, which is long", "two", "three"));
  screen.draw(picture("1", "2"));
  expect(await lines()).toEqual(["1", "2"]);
  screen.draw(picture("1", "2", "3"));
  expect(await lines()).toEqual(["1", "2", "3"]);
});

test("what is printed stands above, in its order, and stays", async () => {
  const { screen, lines } = terminal();
  screen.print("first");
  screen.draw(picture("state", "more state"));
  screen.print("second\nof two lines");
  screen.draw(picture("other state"));
  screen.print("third");
  expect(await lines()).toEqual(["first", "second", "of two lines", "third", "other state"]);
});

test("also when the terminal scrolls", async () => {
  const { screen, lines } = terminal(40, 5);
  for (let n = 1; n <= 20; n++) {
    screen.print(`line ${n}`);
    screen.draw(picture(`state ${n}`, "below"));
  }
  expect(await lines()).toEqual([
    ...Array.from({ length: 20 }, (_, n) => `line ${n + 1}`),
    "state 20",
    "below",
  ]);
});

test("nothing is written where nothing has changed, and a picture in one piece", () => {
  const { screen, written } = terminal();
  screen.draw(picture("one", "two"));
  screen.draw(picture("one", "two"));
  expect(written).toHaveLength(1);
});

test("in a terminal that was made narrower the picture's lines were broken: all of it is drawn over", async () => {
  const { screen, lines, resize } = terminal(40);
  screen.print("log");
  screen.draw(picture("x".repeat(38), "y".repeat(38)));
  resize(20);
  screen.draw(picture("x".repeat(18), "y".repeat(18)));
  expect(await lines()).toEqual(["log", "x".repeat(18), "y".repeat(18)]);
});

test("the cursor is hidden while something is drawn, and there again afterwards, once", () => {
  const { screen, written } = terminal();
  screen.close();
  expect(written).toEqual([]);
  screen.draw(picture("one"));
  screen.draw(picture("two"));
  screen.close();
  screen.close();
  const codes = written.join("").split("\u001b[?25").slice(1);
  expect(codes.map((code) => code[0])).toEqual(["l", "h"]);
});

test("after others have written it is drawn again, below", async () => {
  const { screen, lines, write } = terminal();
  screen.draw(picture("one", "two"));
  screen.close();
  write("Stopped\r\n");
  screen.redraw();
  screen.redraw();
  expect(await lines()).toEqual(["one", "two", "Stopped", "one", "two"]);
  screen.close();
  write("Stopped\r\n");
  screen.draw(picture("three"));
  screen.redraw();
  expect((await lines()).slice(3)).toEqual(["one", "two", "Stopped", "three"]);
});
