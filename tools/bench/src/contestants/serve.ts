/** A contestant's side of the conversation, in node; see protocol.ts. */
import { createInterface } from 'node:readline';
import type { Prepared, Request, RoundSeconds } from './protocol.ts';

/** What a contestant has made of its task. */
export interface Work {
  prepared: Prepared;
  /** A round of so many steps. */
  run(steps: number): RoundSeconds | Promise<RoundSeconds>;
}

/** Answers the bench until it has nothing more to ask. */
export async function serve<Task>(prepare: (task: Task) => Work | Promise<Work>): Promise<void> {
  let work: Work | undefined;
  for await (const line of createInterface(process.stdin)) {
    const request: Request = JSON.parse(line);
    if ('prepare' in request) {
      work = await prepare(request.prepare as Task);
      answer({ prepared: work.prepared });
    } else {
      answer({ seconds: await work!.run(request.steps) });
    }
  }
}

/** A round of equal steps. */
export function repeated(step: () => void): (steps: number) => { step: number } {
  return (steps) => {
    const startedAtMs = performance.now();
    for (let done = 0; done < steps; done += 1) step();
    return { step: (performance.now() - startedAtMs) / 1000 / steps };
  };
}

/** Seconds a step, once what is built at the first ones is built. */
export function warmed(run: (steps: number) => { step: number }): number {
  run(1);
  return run(Math.ceil(warmUpSeconds / run(1).step)).step;
}

// --- internal ---

const warmUpSeconds = 0.3;

function answer(words: object): void {
  process.stdout.write(`${JSON.stringify(words)}\n`);
}
