/** The entry point of the processes that work for the studio. */
import { killAtLast, stopSignals } from '@chorus/orchestration/supervisor';
import type { FromChild, ImageRequest, JobContext, JobName, Jobs, ToChild } from './messages.ts';

type Work = {
  [Name in JobName]: (request: Jobs[Name]['request'], context: JobContext<Name>) => Promise<Jobs[Name]['result']>;
};

/** Loaded on demand: signals and messages are handled at once, and an export needs no decoder. */
const work: Work = {
  train: async (request, context) => (await import('./train-run.ts')).trainRun(request, context),
  check: async (request, context) => (await import('./check-data.ts')).checkData(request, context),
  report: async (request) => (await import('./write-pages.ts')).writeReportPage(request),
  compare: async (request) => (await import('./write-pages.ts')).writeComparisonPage(request),
  export: async (request, context) => (await import('./export-run.ts')).exportRun(request, context),
  classify: async (request, context) => (await import('./classify-images.ts')).classifyImages(request, context),
};

const controller = new AbortController();
let onImage: ((image: ImageRequest) => void) | undefined;
const early: ImageRequest[] = [];

// The studio itself kills a job that does not stop in time.
killAtLast();
// A terminal signals the whole process group, and the studio stops, too.
for (const signal of stopSignals) process.on(signal, () => controller.abort());
process.on('message', (message: ToChild) => {
  if (message.kind === 'start') void run(message.name, message.request);
  else if (message.kind === 'stop') controller.abort();
  else if (onImage === undefined) early.push(message.image);
  else onImage(message.image);
});
// The studio has ended.
process.on('disconnect', () => controller.abort());

async function run<Name extends JobName>(name: Name, request: Jobs[Name]['request']): Promise<void> {
  const send = (message: FromChild<Name>) =>
    new Promise<void>((sent) => {
      if (process.connected) process.send!(message, () => sent());
      else sent();
    });
  const context: JobContext<Name> = {
    report: (event) => void send({ kind: 'event', event }),
    signal: controller.signal,
    onImage(listener) {
      onImage = listener;
      for (const image of early.splice(0)) listener(image);
    },
  };
  try {
    await send({ kind: 'done', result: await work[name](request, context) });
  } catch (error) {
    const { failureOf } = await import('./failure-of.ts');
    await send({ kind: 'failed', failure: failureOf(error) });
  }
  // The channel would keep the process alive.
  process.removeAllListeners('disconnect');
  if (process.connected) process.disconnect();
}
