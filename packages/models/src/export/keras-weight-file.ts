/**
 * Writes weights in the layout of Keras 3's `.weights.h5`: `layers/<class>_<n>/vars/<i>`, where n numbers the layers of a
 * class in the model's order (the first has no number) and i the weights of a layer (keras/src/saving/saving_lib.py).
 */
import type tf from '@chorus/tfjs';
import type { File } from 'h5wasm';
import type { PlainNetwork } from './plain-network.ts';

/** @returns a file that `load_weights` of a Keras model with the same layers reads; the caller keeps ownership of the network. */
export async function kerasWeightFile({ name, model }: PlainNetwork): Promise<Uint8Array> {
  // Loaded here: libhdf5 takes a tenth of a second, in every process and thread.
  const { default: h5wasm, File: H5File } = await import('h5wasm');
  const { FS, activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
  // Otherwise libhdf5 prints its errors and continues.
  throwErrors();
  const path = `/${nextFileNumber++}.weights.h5`;
  const file = new H5File(path, 'w');
  try {
    try {
      writeLayers(file, name, model);
    } finally {
      file.close();
    }
    return FS.readFile(path);
  } finally {
    FS.unlink(path);
  }
}

// --- internal ---

function writeLayers(file: File, name: string, model: tf.LayersModel): void {
  const layers = file.create_group('layers');
  const counts = new Map<string, number>();
  for (const layer of model.layers.filter(({ weights }) => weights.length > 0)) {
    const kind = snakeCase(layer.getClassName());
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const vars = layers.create_group(count === 0 ? kind : `${kind}_${count}`).create_group('vars');
    vars.create_attribute('name', layer.name.slice(name.length + 1));
    for (const [index, weight] of layer.weights.entries()) {
      const { shape } = weight;
      const data = weight.read().dataSync<'float32'>();
      vars.create_dataset({ name: String(index), data, shape: shape as number[] });
    }
  }
}

let nextFileNumber = 0;

/** `DepthwiseConv2D` → `depthwise_conv2d`, as keras/src/utils/naming.py. */
function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
