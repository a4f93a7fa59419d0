import tf from '@chorus/tfjs';

/** min(max(x, 0), 6) for any shape, as the op Relu6; the tfjs layer clips by value, whose gradient is slower. */
export class Relu6 extends tf.layers.Layer {
  static readonly className = 'ChorusRelu6';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.relu6(Array.isArray(inputs) ? inputs[0]! : inputs);
  }
}
tf.serialization.registerClass(Relu6);
