export { canPreparePython, type Environment, preparePython } from './environment.ts';
export { type ProgramOptions, runProgram } from './run-program.ts';
