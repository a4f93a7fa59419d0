import tf from '@chorus/tfjs';
import { useNativeBackend } from '../native-backend.fixture.ts';

/** The ways in which training steps can run, and how a file of tests prepares for each. */
export const ways = [
  ['in JavaScript', () => void tf.setBackend('cpu')],
  ['op by op', useNativeBackend],
  ['compiled', useNativeBackend],
] as const;
