/** The thread of a lane: TensorFlow on the lane's device, then one task after the other. */
import { initRuntime, type Runtime } from '@chorus/runtime';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Piscina } from 'piscina';
import { ImageReader } from '../member/image-reader.ts';
import { StopFlag } from '../member/stop-flag.ts';
import { computeFeatures, type LaneContext, trainMember } from '../member/train-member.ts';
import { type Outcome, outcomeOf } from '../thread-outcome.ts';
import { KeptModels } from './kept-models.ts';
import type { LaneRequest } from './lane.ts';
import type { LaneObserver, LaneStartup, LaneTask, PredictTask } from './protocol.ts';

const startup = Piscina.workerData as LaneStartup;
const stop = new StopFlag(startup.stop);
const models = new KeptModels(startup.compute);

/** Called by piscina, one task at a time. */
export default function runTask(request: LaneRequest): Promise<Outcome<void>> {
  return outcomeOf(() => runObserved(request));
}

// --- internal ---

async function runObserved({ task, observer: port, startedAtMs }: LaneRequest): Promise<void> {
  if (task.kind === 'release') {
    models.release();
    port.close();
    return;
  }
  const remote = Comlink.wrap<LaneObserver>(nodeEndpoint(port));
  try {
    const runtime = initRuntime(startup.runtime);
    new Float64Array(startedAtMs)[0] = Date.now();
    await run(task, laneContext(runtime, remote));
    // An answer means that every call before it was heard.
    await remote.onStage(task.name, 'done');
  } finally {
    remote[Comlink.releaseProxy]();
    port.close();
  }
}

async function run(task: LaneTask, lane: LaneContext): Promise<void> {
  switch (task.kind) {
    case 'features':
      return computeFeatures(task, lane);
    case 'train':
      return trainMember(task, lane);
    case 'predict':
      return predict(task, lane);
  }
}

async function predict(task: PredictTask, { stop: flag }: LaneContext): Promise<void> {
  const logits = await models.with(task, (predictor) =>
    predictor.predict(new ImageReader(task.pixels, task.reads), task.indices, flag),
  );
  new Float32Array(task.logits).set(logits);
}

function laneContext(runtime: Runtime, remote: Comlink.Remote<LaneObserver>): LaneContext {
  // Nobody waits for an answer while training: the loop gives messages their turn.
  const observer: LaneObserver = {
    onStage: (...told) => void remote.onStage(...told),
    onBatch: (...told) => void remote.onBatch(...told),
    onEpoch: (...told) => void remote.onEpoch(...told),
    onWarning: (...told) => void remote.onWarning(...told),
  };
  return { device: runtime.device, backingDevice: runtime.backingDevice, observer, stop, compute: startup.compute };
}
