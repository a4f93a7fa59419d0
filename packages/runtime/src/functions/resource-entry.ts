/**
 * Variables whose value lies in a resource of TensorFlow, which ops change in place; tfjs sees ordinary data.
 *
 * An eager variable is a tensor, and a change of it is another tensor: for a training step that would be all weights once
 * more, through JavaScript.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type Binding,
  type NativeBackend,
  type TensorDescription,
  type TensorEntry,
  typeAttribute,
} from '../tensorflow.ts';

/** The backend's record of such a variable's data. */
export class ResourceEntry implements TensorEntry {
  readonly shape: number[];
  readonly dtype: number;
  readonly values = null;
  refCount = 1;
  /** The binding's id of the handle. */
  readonly resource: number;
  readonly #binding: Binding;
  #read: number | undefined;

  constructor(binding: Binding, { id, dtype, shape }: TensorDescription) {
    this.shape = shape;
    this.dtype = dtype;
    this.resource = id;
    this.#binding = binding;
  }

  /** The present value as a tensor, which shares the resource's memory until that is written to. */
  get id(): number {
    this.#read ??= this.#binding.executeOp(
      'ReadVariableOp',
      [typeAttribute(this.#binding, 'dtype', this.dtype)],
      [this.resource],
      1,
    )[0]!.id;
    return this.#read;
  }

  /**
   * To be called before a write, for whoever still shares the memory makes TensorFlow copy it; and after it, if the value
   * has been read in between.
   */
  forgetRead(): void {
    if (this.#read !== undefined) this.#binding.deleteTensor(this.#read);
    this.#read = undefined;
  }

  /** Frees the memory. */
  delete(): void {
    this.forgetRead();
    this.#binding.deleteTensor(this.resource);
  }
}

/** Lets the backend dispose such entries; a second call changes nothing. */
export function installResourceEntries(backend: NativeBackend): void {
  if (Object.hasOwn(backend, 'disposeData')) return;
  const { disposeData } = backend;
  backend.disposeData = function (this: NativeBackend, dataId, force) {
    const entry = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    if (!(entry instanceof ResourceEntry)) return disposeData.call(this, dataId as object, force);
    entry.refCount -= 1;
    if (force !== true && entry.refCount > 0) return false;
    entry.delete();
    this.tensorMap.delete(dataId);
    return true;
  };
}

/** A variable's resource; its value moves there when it was elsewhere: at first, or after `assign`. */
export function resourceOf(backend: NativeBackend, variable: tf.Variable): ResourceEntry {
  const entry = backend.tensorMap.get(variable.dataId);
  return entry instanceof ResourceEntry ? entry : moveIntoResource(backend, variable);
}

/**
 * A variable's resource, to be written to: clones of the variable, which share its data, keep the value that they have.
 */
export function writableResourceOf(backend: NativeBackend, variable: tf.Variable): ResourceEntry {
  const entry = resourceOf(backend, variable);
  const alone = entry.refCount === 1 ? entry : moveIntoResource(backend, variable);
  alone.forgetRead();
  return alone;
}

// --- internal ---

function moveIntoResource(backend: NativeBackend, variable: tf.Variable): ResourceEntry {
  const { binding, tensorMap } = backend;
  const { shape } = variable;
  const [value] = backend.getInputTensorIds([variable]);
  const { dtype } = tensorMap.get(variable.dataId);
  const type = typeAttribute(binding, 'dtype', dtype);
  // A copy, for the tensor's memory may be a typed array of JavaScript's.
  const copy = binding.executeOp('DeepCopy', [typeAttribute(binding, 'T', dtype)], [value!], 1)[0]!.id;
  const anonymous = [
    type,
    { name: 'shape', type: binding.TF_ATTR_SHAPE, value: shape },
    { name: 'shared_name', type: binding.TF_ATTR_STRING, value: anonymousName },
    { name: 'container', type: binding.TF_ATTR_STRING, value: '' },
  ];
  const { id } = binding.executeOp('VarHandleOp', anonymous, [], 1)[0]!;
  binding.executeOp('AssignVariableOp', [type], [id, copy], 0);
  binding.deleteTensor(copy);
  const entry = new ResourceEntry(binding, { id, dtype, shape });
  rebind(backend, variable, entry);
  return entry;
}

function rebind(backend: NativeBackend, variable: tf.Variable, entry: ResourceEntry): void {
  const dataId = {};
  backend.tensorMap.set(dataId, entry);
  const { shape, dtype } = variable;
  const tensor = tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  variable.assign(tensor);
  tensor.dispose();
}

/** ResourceHandle::ANONYMOUS_NAME of TensorFlow: a resource that goes with its last handle. */
const anonymousName = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';
