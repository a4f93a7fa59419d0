/** All contestants for a {@link ModelTask}. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import { chorusWaysOf } from './chorus-ways.ts';
import type { Contestant } from './contestant-process.ts';
import type { ModelTask } from './model-task.ts';

/** Folder of the Python contestants' scripts. */
export const scriptsFolder = join(import.meta.dirname, '../../contestants');

/** Returns the command of a compiled contestant in node; callable from `src` (tests) and `dist`. */
export function nodeCommand(name: string): readonly [string, string] {
  return [process.execPath, createRequire(import.meta.url).resolve(`#contestants/${name}.child.js`)];
}

/** Returns Chorus in each of its modes, the default first. */
export function chorus(task: ModelTask): Contestant[] {
  return chorusWaysOf(task).map((way) => ({
    name: `Chorus, ${way}`,
    command: nodeCommand('chorus'),
    task: { ...task, way },
  }));
}

/** Returns Keras 3 on TensorFlow in each of its modes, usually the fastest first. */
export function keras(python: string, task: ModelTask): Contestant[] {
  const calls = { train: ['train_on_batch', 'fit'], predict: ['function', 'predict_on_batch'] }[task.work];
  return [false, true].flatMap((jit) =>
    calls.map((call) => kerasWay(python, task, `${call}${jit ? ', jit' : ''}`, { call, jit })),
  );
}

/** Returns Keras with its dtype policy `mixed_bfloat16`. */
export function kerasInBfloat16(python: string, task: ModelTask): Contestant {
  const variant = { call: 'train_on_batch', jit: false, precision: 'bfloat16' };
  return kerasWay(python, task, 'train_on_batch, bfloat16', variant);
}

/** Returns PyTorch with timm's models, channels last, and the faster of its two Adam implementations. */
export function pytorch(
  python: string,
  task: ModelTask,
  { precision = 'float32', compile = false }: { precision?: 'float32' | 'bfloat16'; compile?: boolean } = {},
): Contestant {
  return {
    name: `PyTorch${precision === 'float32' ? '' : `, ${precision}`}${compile ? ', torch.compile' : ''}`,
    command: [python, join(scriptsFolder, 'pytorch_peer.py')],
    task: { ...task, variant: { precision, compile, fusedAdam: true } },
  };
}

/**
 * Returns onnxruntime with PyTorch's model.
 *
 * @param folder for the model file; must exist until the contestant is prepared.
 */
export async function onnxruntime(python: string, task: ModelTask, folder: string): Promise<Contestant> {
  const model = join(folder, `${task.backbone}-${task.inputSize}-${task.batchSize}.onnx`);
  await runProgram(python, [join(scriptsFolder, 'export_onnx.py'), JSON.stringify(task), model]);
  return { name: 'onnxruntime', command: [python, join(scriptsFolder, 'onnx_peer.py')], task: { ...task, model } };
}

// --- internal ---

function kerasWay(python: string, task: ModelTask, name: string, variant: object): Contestant {
  return {
    name: `Keras, ${name}`,
    command: [python, join(scriptsFolder, 'keras_peer.py')],
    task: { ...task, variant },
  };
}
