import * as tf from '@tensorflow/tfjs';

/** min(max(x, 0), 6) as the op Relu6; tfjs' own layer clips by value, of which the gradient is slower. Any shape. */
export class Relu6 extends tf.layers.Layer {
  static readonly className = 'ChorusRelu6';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.relu6(Array.isArray(inputs) ? inputs[0]! : inputs);
  }
}
tf.serialization.registerClass(Relu6);
