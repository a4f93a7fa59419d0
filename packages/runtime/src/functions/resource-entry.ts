/**
 * Variables whose value is stored in a TensorFlow resource, which ops update in place; tfjs sees ordinary data.
 *
 * An eager variable is a tensor, and every update creates another tensor: a training step would pass a copy of all weights
 * through JavaScript.
 */
import tf from '@chorus/tfjs';
import {
  type Binding,
  type NativeBackend,
  type TensorDescription,
  type TensorEntry,
  typeAttribute,
} from '../tensorflow.ts';

/** The backend's record of the data of such a variable. */
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

  /** The current value as a tensor, which shares the resource's memory until the next write. */
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
   * Drops the tensor of the current value. Call it before a write, because TensorFlow copies memory that is still shared;
   * and after the write, if the value has been read in between.
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

/** Makes the backend dispose such entries; idempotent. */
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

/** Returns a variable's resource; moves the value there if needed: the first time, or after `assign`. */
export function resourceOf(backend: NativeBackend, variable: tf.Variable): ResourceEntry {
  const entry = backend.tensorMap.get(variable.dataId);
  return entry instanceof ResourceEntry ? entry : moveIntoResource(backend, variable);
}

/** Returns a variable's resource for writing; clones of the variable, which share its data, keep their value. */
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
  // A copy, because the tensor's memory may be a JavaScript typed array.
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

/** TensorFlow's ResourceHandle::ANONYMOUS_NAME: a resource that is freed with its last handle. */
const anonymousName = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';
