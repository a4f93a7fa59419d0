import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/{bundle,class-columns,contact-sheet,npy,prediction-files,prepare}.test.ts',
    'src/{budget,diagnose,experiment,plan,report,stacking,tensorboard}/*.test.ts',
    'src/check/{describe-dataset,warnings}.test.ts',
    'src/export/read-me.test.ts',
    'src/lanes/{bfloat16,compute-settings,plan,schedule,shards}.test.ts',
    'src/run/!(explain-images|observer|preparation|stack-and-test|train-members).test.ts',
  ]),
});
