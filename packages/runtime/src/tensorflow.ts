/**
 * The only file that requires @tensorflow/tfjs-node-gpu: doing so makes the thread's TFE context.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

const require = createRequire(import.meta.url);

/** What the patched package reads when it is required, and what it leaves there. */
export interface HandedOver {
  bindingPath: string;
  /** TensorFlow's short name, such as `CPU:1`. */
  device: string;
  configProto: Uint8Array;
  /** What `configProto` says, in words: the first thread's are the error message of one that asks for others. */
  settings: string;
  /** TensorFlow's full names of all devices of the context; set by the package. */
  deviceNames?: string[];
}

/** The parts of tfjs-node's backend that Chorus uses beside tfjs's own interface. */
export interface NativeBackend extends tfjs.KernelBackend {
  binding: {
    TF_ATTR_FLOAT: number;
    TF_ATTR_BOOL: number;
    TF_ATTR_STRING: number;
    TF_ATTR_TYPE: number;
    TF_FLOAT: number;
    TF_Version: string;
    tensorDevice(tensorId: number): string;
  };
  getInputTensorIds(tensors: tfjs.TensorInfo[]): number[];
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tfjs.TensorInfo[]): tfjs.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: tfjs.TensorInfo[],
    count: number,
  ): tfjs.Tensor[];
}

export interface OpAttribute {
  name: string;
  type: number;
  value: number | boolean | string;
}

const handedOverKey = Symbol.for('chorus.tensorflow');

/**
 * Loads TensorFlow into this thread.
 *
 * @throws what the binding throws: unknown device (`CHORUS_NO_SUCH_DEVICE`, the message lists those that exist), other
 * process settings than the first (`CHORUS_PROCESS_SETTINGS`, the message is the first's), one thread pool for all
 * (`CHORUS_SHARED_THREAD_POOL`), or a library that cannot be loaded. Another call may follow.
 */
export function loadTensorflow(
  quiet: { path: string; framework: string },
  handedOver: HandedOver,
): Required<HandedOver> {
  (require(quiet.path) as { loadQuietly(path: string): void }).loadQuietly(quiet.framework);
  const globals = globalThis as { [handedOverKey]?: HandedOver };
  globals[handedOverKey] = handedOver;
  require('@tensorflow/tfjs-node-gpu');
  return handedOver as Required<HandedOver>;
}
