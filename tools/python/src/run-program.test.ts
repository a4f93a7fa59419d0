import { expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const node = (script: string, options = {}) => runProgram(process.execPath, ['-e', script], options);

it('gives the lines that a program printed', async () => {
  await expect(node('console.log("a"); console.log("b"); console.error("c")')).resolves.toEqual(['a', 'b']);
});

it('is an error with the end of what it said where it fails', async () => {
  await expect(node('console.error("no file"); process.exit(3)')).rejects.toThrow(/ended with 3:\nno file/);
});

it('takes other exit codes for no failure where told', async () => {
  await expect(node('console.log("worse"); process.exit(1)', { exitCodes: [0, 1] })).resolves.toEqual(['worse']);
});
