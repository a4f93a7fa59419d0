import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/{bfloat16,config-proto,protobuf,setup-lines}.test.ts',
    'src/functions/{caller-line,function-config,tape}.test.ts',
    'src/native/{binding-sources,platforms,setup-step,unpack-wheel}.test.ts',
  ]),
});
