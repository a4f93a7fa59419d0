import tf from '@chorus/tfjs';
import { expect, it } from 'vitest';
import type { Symbolic } from '../backbones/layer-calls.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { viewsOf } from '../views/views.ts';
import { viewsOfImages } from '../views/views-of-images.fixture.ts';
import { smoothImages } from './lively-classifier.fixture.ts';
import { viewLayers } from './view-layers.ts';

useNativeBackend();

it.each([true, 'zoom', 'scales', 'five-crops'] as const)(
  'give the pixels of predictions, to the last bit: %s',
  (kind) => {
    const size = 13;
    const image = tf.input({ shape: [size, size, 3] }) as Symbolic;
    const outputs = viewLayers(image, viewsOf(kind), size, 'view');
    const model = tf.model({ inputs: image, outputs: outputs.slice(1) });
    const images = smoothImages(2, size, 1);
    const found = model.predict(images) as tf.Tensor | tf.Tensor[];
    const [, ...expected] = viewsOfImages(images, kind);
    expect(outputs[0]).toBe(image);
    for (const [index, view] of (Array.isArray(found) ? found : [found]).entries())
      expect(view.dataSync()).toEqual(expected[index]!.dataSync());
    // Equal interpolations share a layer.
    expect(model.weights).toHaveLength({ true: 1, zoom: 2, scales: 7, 'five-crops': 10 }[String(kind)]!);
  },
);
