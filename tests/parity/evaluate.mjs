/** Evaluates compiled templates and expressions for the tests: one JSON request a line in, one JSON answer a line out. */

import { createInterface } from "node:readline";
import { evaluate, render } from "../../static/phone/render.js";

const data = { templates: {}, catalogs: {}, words: {}, utcOffset: 480 };
/** Functions of sources, kept: the runtime prepares a function once. */
const functions = new Map();
const functionOf = (source) => {
  if (!functions.has(source)) functions.set(source, new Function(`return (${source})`)());
  return functions.get(source);
};

const answers = {
  data: (request) => {
    const templates = Object.entries(request.templates ?? {}).map(([name, source]) => [
      name,
      functionOf(source),
    ]);
    Object.assign(data, request, { templates: Object.fromEntries(templates) });
    return true;
  },
  render: ({ name, ctx }) => render(data, name, ctx),
  evaluate: ({ source, scope }) => evaluate(functionOf(source), scope, data),
  time: ({ name, ctx, rounds }) => {
    const took = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      render(data, name, ctx);
      took.push(performance.now() - start);
    }
    return took;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { value: answers[request.ask](request.of) };
  } catch (error) {
    answer = { error: `${error}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
