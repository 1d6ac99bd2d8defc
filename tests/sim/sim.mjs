// Sim: lives one history after the other, as its standard input asks, and says of each how it ended.

import { createInterface } from "node:readline";
import { live } from "./history.mjs";
import { Line } from "./wire.mjs";

const line = new Line(Number(process.argv[2]), Number(process.argv[3]));
for await (const text of createInterface({ input: process.stdin })) {
  const { seed, options, whole } = JSON.parse(text);
  const said = await live(line, seed, options);
  if (!whole && !said.problems.length) said.trace = [];
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
