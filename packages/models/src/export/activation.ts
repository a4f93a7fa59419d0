import type tf from '@chorus/tfjs';

/** Name of an activation. */
export type Activation = NonNullable<Parameters<typeof tf.layers.activation>[0]['activation']>;

/** tfjs has this activation, but its type does not list it. */
export const logSoftmax = 'logSoftmax' as string as Activation;
