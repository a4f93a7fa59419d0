import { expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const node = (script: string, options = {}) => runProgram(process.execPath, ['-e', script], options);

it('returns the lines of stdout', async () => {
  await expect(node('console.log("a"); console.log("b"); console.error("c")')).resolves.toEqual(['a', 'b']);
});

it('throws the end of the output when a program fails', async () => {
  await expect(node('console.error("no file"); process.exit(3)')).rejects.toThrow(/ended with 3:\nno file/);
});

it('accepts other exit codes on request', async () => {
  await expect(node('console.log("worse"); process.exit(1)', { exitCodes: [0, 1] })).resolves.toEqual(['worse']);
});
