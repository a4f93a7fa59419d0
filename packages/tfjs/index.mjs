// For bundlers, which analyze ES modules at build time.
import * as tfjs from '@tensorflow/tfjs';

export default tfjs;
