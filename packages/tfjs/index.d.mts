import * as tfjs from '@tensorflow/tfjs';

export default tfjs;
