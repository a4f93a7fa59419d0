/** Everyone who can take a {@link ModelTask}. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import { chorusWaysOf } from './chorus-ways.ts';
import type { Contestant } from './contestant-process.ts';
import type { ModelTask } from './model-task.ts';

/** Where the scripts of Python contestants are. */
export const scriptsFolder = join(import.meta.dirname, '../../contestants');

/** A compiled contestant in node, the same one from `src` (tests) and from `dist`. */
export function nodeCommand(name: string): readonly [string, string] {
  return [process.execPath, createRequire(import.meta.url).resolve(`#contestants/${name}.child.js`)];
}

/** Chorus in each of its ways, the product's own first. */
export function chorus(task: ModelTask): Contestant[] {
  return chorusWaysOf(task).map((way) => ({
    name: `Chorus, ${way}`,
    command: nodeCommand('chorus'),
    task: { ...task, way },
  }));
}

/** Keras 3 on TensorFlow in each of its ways, those that are mostly fast first. */
export function keras(python: string, task: ModelTask): Contestant[] {
  const calls = { train: ['train_on_batch', 'fit'], predict: ['function', 'predict_on_batch'] }[task.work];
  return [false, true].flatMap((jit) =>
    calls.map((call) => kerasWay(python, task, `${call}${jit ? ', jit' : ''}`, { call, jit })),
  );
}

/** Keras with its policy `mixed_bfloat16`. */
export function kerasInBfloat16(python: string, task: ModelTask): Contestant {
  const variant = { call: 'train_on_batch', jit: false, precision: 'bfloat16' };
  return kerasWay(python, task, 'train_on_batch, bfloat16', variant);
}

/** PyTorch on timm's models, channels last, with the faster of its two Adams. */
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
 * onnxruntime with PyTorch's model.
 *
 * @param folder for the model's file; it must be there until the contestant is prepared.
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
