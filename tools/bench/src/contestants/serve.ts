/** The contestant's side of the protocol, in node; see protocol.ts. */
import { createInterface } from 'node:readline';
import type { Prepared, Request, RoundSeconds } from './protocol.ts';

/** A prepared task. */
export interface Work {
  prepared: Prepared;
  /** Runs a round of `steps` steps. */
  run(steps: number): Promise<RoundSeconds>;
}

/** Answers requests until stdin ends. */
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

/** Creates rounds of equal steps. */
export function repeated(step: () => void | Promise<void>): (steps: number) => Promise<{ step: number }> {
  return async (steps) => {
    const startedAtMs = performance.now();
    for (let done = 0; done < steps; done += 1) await step();
    return { step: (performance.now() - startedAtMs) / 1000 / steps };
  };
}

/** Returns the seconds per step, after the first steps have built everything. */
export async function warmed(run: (steps: number) => Promise<{ step: number }>): Promise<number> {
  await run(1);
  return (await run(Math.ceil(warmUpSeconds / (await run(1)).step))).step;
}

// --- internal ---

const warmUpSeconds = 0.3;

function answer(words: object): void {
  process.stdout.write(`${JSON.stringify(words)}\n`);
}
